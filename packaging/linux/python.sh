#!/usr/bin/env bash
# Prints the Python to make .venv with: $PYTHON, else the first that is 3.11 or newer and can make a venv with pip.
set -euo pipefail

will_do='import ensurepip, sys, venv; assert sys.version_info >= (3, 11); print(sys.executable)'
for name in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    if "$name" -c "$will_do" 2>/dev/null; then exit; fi
done
echo "No Python here will do: 3.11 or newer is needed, with venv and pip${PYTHON:+ (PYTHON is \"$PYTHON\")}." \
    "Install one, or name one: make PYTHON=/path/to/python3" >&2
exit 1
