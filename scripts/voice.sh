#!/bin/sh
# Makes the first voice clips of the PDA page from ui_pwa/voice/phrases.json.
# Needs: apt-get install espeak-ng opus-tools
set -eu
cd "$(dirname "$0")/../ui_pwa/voice"

list='import json
for lang, phrases in json.load(open("phrases.json", encoding="utf-8")).items():
    for name, text in phrases.items():
        print(lang, name, text, sep="\t")'
tab=$(printf '\t')

python3 -c "$list" | while IFS=$tab read -r lang name text; do
  case $lang in
    zh) voice='cmn -s 190' ;;
    *) voice='en-gb -s 170' ;;
  esac
  mkdir -p "$lang"
  # shellcheck disable=SC2086 # voice and speed are words of their own
  espeak-ng -v $voice -a 180 -z --stdout "$text" </dev/null |
    opusenc --quiet --bitrate 16 --serial 1 - "$lang/$name.opus"
done
