"""The exchanges, by the name PalmaBot's form gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from palma_wizard.exchanges import Exchange, bitstamp, cex, hitbtc

BY_NAME: Final[Mapping[str, Exchange]] = {hitbtc.id: hitbtc, bitstamp.id: bitstamp, cex.id: cex}
