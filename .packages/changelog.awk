# CHANGELOG.md as Debian's changelog; -v maintainer="NAME <ADDRESS>" -v date="RFC 2822".
function close_entry() { if (version) print "\n -- " maintainer "  " date "\n" }
/^## / { close_entry(); version = $2; print "drr (" version ") unstable; urgency=medium\n" }
version && /^- / { sub(/^- /, ""); print "  * " $0 }
version && /^  [^ ]/ { print "  " $0 }
END { close_entry() }
