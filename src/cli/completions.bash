_guestlist() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() n=0 part prefix
    # Bash also splits words at characters such as `=` and `@`: parts without a blank between them are one word.
    for part in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        [[ $rest == [[:blank:]]* ]] && n=$((n + 1))
        words[n]+=$part
        rest=${rest#*"$part"}
    done
    [[ $rest == [[:blank:]]* ]] && n=$((n + 1))
    words[n]+=${rest#"${rest%%[![:blank:]]*}"}
    # It replaces only the last part, `$2`.
    prefix=${words[n]%"$2"}
    COMPREPLY=()
    while IFS= read -r part || [[ -n $part ]]; do
        printf -v part %q "${part#"$prefix"}"
        COMPREPLY+=("$part")
    done < <(VARIABLE=bash _CLAP_COMPLETE_INDEX=$n guestlist -- "${words[@]}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace 2>/dev/null
}
complete -F _guestlist guestlist
