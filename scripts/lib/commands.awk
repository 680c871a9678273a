# Prints the commands of a page, one a line: those in blocks of shell, and in the text what begins like one or sets
# GST_DEBUG. A page is Markdown, or a source file, whose comments are read.

BEGIN {
    command = "^([A-Z_]+=[^ ]* )*((gst-[a-z-]+-1\\.0|\\./play|apt-get|cargo|cc|docker|file|journalctl|ldd|meson|mkdir|" \
        "python3|rm|rustup|systemctl|tcpdump|tutk|unshare) [^ ]|scripts/[a-z]+( |$))|^GST_DEBUG="
    is_source = ARGV[1] !~ /\.md$/
}

# What is quoted in the paragraph that ends here; a quotation can go over the end of a line.
function end_paragraph(    count, parts, i) {
    count = split(paragraph, parts, "`")
    for (i = 2; i <= count; i += 2)
        if (parts[i] ~ command)
            print parts[i]
    paragraph = ""
}

# A line of shell; a backslash at its end goes on with the next one.
function shell(line) {
    sub(/^ +/, "", line)
    sub(/(^|  +)#.*/, "", line)
    if (sub(/\\$/, "", line)) {
        begun = begun line
        return
    }
    if (begun line != "")
        print begun line
    begun = ""
}

is_source {
    # What stands between comments is the end of one. Python's are its doc strings, and nothing else in it is taken for one.
    if (!sub(/^ *(\/\/[!\/]?|\/?\*+) ?/, "") && FILENAME !~ /\.py$/)
        $0 = ""
    sub(/^ +/, "")
    # Where a line of text begins so, it goes on with quotations.
    if ($0 ~ command && !/`/) {
        end_paragraph()
        shell($0)
        next
    }
}

/^```/ {
    end_paragraph()
    in_block = !in_block
    in_shell = $0 ~ /^```(sh|bash|shell|console)$/
    next
}

in_block {
    if (in_shell)
        shell($0)
    next
}

/^ *$/ || /^\|/ { end_paragraph() }
{ paragraph = paragraph " " $0 }
END { end_paragraph() }
