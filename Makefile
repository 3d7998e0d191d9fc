.PHONY: demo test bundle bundle-tests man deb install uninstall

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

# A Debian package, under .build/bundle.
deb:
	./bundle deb

# Program, libraries, man pages and completions under PREFIX, from the bundle's folder, which is
# built where it is missing; DESTDIR stands before all, for packages.
PREFIX = /usr/local
VERSION := $(shell sed -n 's/.*static let version = "\(.*\)".*/\1/p' Sources/DRR/Core/Program.swift)
BUNDLE = .build/bundle/drr-$(VERSION)-linux-x86_64
share = $(DESTDIR)$(PREFIX)/share

install:
	test -x $(BUNDLE)/drr || ./bundle folder
	install -D -m 755 $(BUNDLE)/drr $(DESTDIR)$(PREFIX)/bin/drr
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/drr $(BUNDLE)/lib/*
	install -D -m 644 -t $(share)/man/man1 $(BUNDLE)/man/man1/*.1
	install -D -m 644 $(BUNDLE)/completions/drr.bash $(share)/bash-completion/completions/drr
	install -D -m 644 $(BUNDLE)/completions/drr.zsh $(share)/zsh/site-functions/_drr
	install -D -m 644 $(BUNDLE)/completions/drr.fish $(share)/fish/vendor_completions.d/drr.fish
	install -D -m 644 -t $(share)/doc/drr $(BUNDLE)/NOTICES $(BUNDLE)/CHANGELOG.md \
	  $(BUNDLE)/CITATION.cff

# Takes away what install put there.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/drr
	rm -f $(share)/man/man1/drr.1 $(share)/man/man1/drr.*.1
	rm -f $(share)/bash-completion/completions/drr
	rm -f $(share)/zsh/site-functions/_drr
	rm -f $(share)/fish/vendor_completions.d/drr.fish
	rm -rf $(DESTDIR)$(PREFIX)/lib/drr $(share)/doc/drr
