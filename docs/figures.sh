#!/bin/sh
# Every picture of the docs, from the commands that the docs show. Runs stay in the folder that is
# given (by default safebasin-runs/docs), and go on where they were stopped. About half an hour on
# two cores.
set -eu
runs=${1:-safebasin-runs/docs}
docs=$(dirname "$0")

safebasin scan --out "$runs/scan" --quiet
safebasin report "$runs/scan" --figure "$docs/basin.svg"

safebasin surface --limit 40 --out "$runs/surface" --quiet
safebasin report "$runs/surface" --figure "$docs/surface.png"

safebasin path organism:chat organism:base --out "$runs/path" --quiet
safebasin report "$runs/path" --figure "$docs/path.svg"

[ -d "$runs/tuned" ] || safebasin organism tune --data harmful --out "$runs/tuned" --quiet
safebasin surface --checkpoints "$runs/tuned" --limit 40 --edge "$runs/scan" \
  --out "$runs/trajectory" --quiet
safebasin report "$runs/trajectory" --figure "$docs/trajectory.png"

safebasin scan --system none --system safe --system persona --out "$runs/systems" --quiet
safebasin report "$runs/systems/comparison" --figure "$docs/systems.svg"

safebasin scan --jailbreak none --jailbreak story --jailbreak override --out "$runs/jailbreaks" --quiet
safebasin report "$runs/jailbreaks/comparison" --figure "$docs/jailbreaks.svg"
