#!/bin/sh
# clip.sh FILE: a minute of ffmpeg's test pattern, which counts its own seconds, with a quiet tone each second: a few hundred KB
# of VP8 and Opus, made in a second. Without an ffmpeg that can make it the file is empty, and the demo page makes a tone instead.
set -eu
if command -v ffmpeg >/dev/null 2>&1 &&
    ffmpeg -nostdin -v error -y -f lavfi -i testsrc=size=320x180:rate=8:duration=60 \
        -f lavfi -i sine=frequency=220:beep_factor=4:duration=60 -filter:a volume=0.1 \
        -c:v libvpx -b:v 60k -crf 30 -deadline realtime -cpu-used 16 -g 48 -threads 1 -c:a libopus -b:a 12k -ac 1 \
        -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 "$1.webm"; then
    mv "$1.webm" "$1"
else
    : >"$1"
fi
