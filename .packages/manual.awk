# A man page of ArgumentParser's tool as man-db and groff take it: the name of the page as man finds
# it, the command as it is typed elsewhere, and paragraphs instead of empty lines.
/^\.Nm "/ { command = substr($0, 5); page = command; gsub(/"/, "", page); gsub(/ /, ".", page)
  $0 = ".Nm " page }
command && (/^\.Nm$/ || /^\.Ex -std$/) { $0 = $0 " " command }
/^$/ { $0 = ".Pp" }
{ print }
