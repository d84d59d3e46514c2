set edit:completion:arg-completer[mmsg] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) MMSG_COMPLETE="elvish" mmsg -- $@words) | to-lines
}
