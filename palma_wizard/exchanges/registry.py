"""The exchanges whose keys can be checked, by the name PalmaBot's form gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from palma_wizard.exchanges import Exchange, hitbtc

CHECKABLE: Final[Mapping[str, Exchange]] = {hitbtc.id: hitbtc}
