#!/bin/sh
# Finds a Python that mlops-ci can run on, which need not be that of the model, and lets set_up.py do the rest.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tools=${RUNNER_TOOL_CACHE:-${AGENT_TOOLSDIRECTORY:-/opt/hostedtoolcache}}

# -I and -S: neither PYTHONPATH nor anything that is installed there has a say.
is_new_enough() {
    "$1" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

for python in "${pythonLocation:+$pythonLocation/bin/python3}" python3 python3.14 python3.13 python3.12 python3.11 \
    "$tools"/Python/3.1[1-9].*/*/bin/python3; do
    if [ -n "$python" ] && is_new_enough "$python"; then
        exec "$python" -I -S "$here/set_up.py" "$@"
    fi
done
echo "mlops-ci: error[2]: no Python 3.11 or newer on this machine;" \
    "add a step with actions/setup-python (GitHub) or UsePythonVersion (Azure) before" >&2
exit 2
