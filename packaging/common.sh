# Read by the build of each system, from the root of the checkout: what they share, and what else would differ each time.
# shellcheck shell=bash disable=SC2034
python=.venv/package/bin/python
version=$(sed -n 's/^__version__: Final = "\(.*\)"$/\1/p' palma_wizard/__init__.py)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH PYTHONHASHSEED=0 TZ=UTC
umask 022
