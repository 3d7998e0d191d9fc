.PHONY: demo test bundle bundle-tests man

# Install, build and run the main job.
demo:
	./demo

# Install, build and pass the tests.
test:
	./test

# One archive that runs without Swift, under .build/bundle.
bundle:
	./bundle

# The same of the tests.
bundle-tests:
	./bundle tests

# A man page for every command, under .build/man.
man:
	./bundle manual
