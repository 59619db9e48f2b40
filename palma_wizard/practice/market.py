"""The prices on the practice exchange's trading page: invented candles, and the documented list of instruments."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FRAMES = ("m1", "m3", "m5", "m15", "m30", "H1", "H4", "D1", "W1", "M1")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A row of the instruments table; price and volume (in BTC) are shown as they are written."""

    name: str
    price: str
    volume: str
    change: str


INSTRUMENTS = tuple(
    Instrument(*row.split())
    for row in """
        BTC/USDT 6625.59000000 36197.6987 -3.99%
        ETH 0.01839400 1554.9126 -4.13%
        XRP 0.000027602 1490.0042 -7.38%
        LTC 0.00558700 1446.5254 -3.85%
        EOS 0.00033231 1400.6867 -2.71%
        BCH 0.02666800 1247.4820 -6.15%
        BSV 0.01222700 1097.9139 -5.63%
        TRX 0.0000018775 570.4469 -3.82%
        XMR 0.00679500 353.3474 -4.97%
        XLM 0.000006525 275.2362 -5.00%
        NEO 0.00118780 249.6893 -2.65%
        ETC 0.00052260 215.6836 -1.86%
        ZEC 0.00419300 189.3278 -2.35%
        VET 0.0000007089 180.3614 -3.44%
        WAVES 0.00013686 143.3236 21.22%
        ADA 0.000004766 126.6262 -3.65%
    """.strip().splitlines()
)


@dataclass(frozen=True, slots=True)
class Candle:
    """Places in the chart: prices from 0 (top) to 100 (bottom), `volume` from 0 to 1."""

    high: float
    low: float
    top: float
    bottom: float
    volume: float
    rises: bool


def candles(name: str, frame: str, count: int = 36) -> list[Candle]:
    """The same walk for the same instrument and time frame, filling the chart from edge to edge."""
    chance = Random(f"{name} {frame}")  # nosec B311 # noqa: S311 - a picture of prices, not a secret
    price, walk = 0.0, []
    for _ in range(count):
        opened, price = price, price + chance.gauss(-0.15, 1)
        high = max(opened, price) + abs(chance.gauss(0, 0.5))
        low = min(opened, price) - abs(chance.gauss(0, 0.5))
        walk.append((high, low, opened, price, chance.uniform(0.15, 1)))
    ceiling, floor = max(each[0] for each in walk), min(each[1] for each in walk)

    def place(value: float) -> float:
        return round((ceiling - value) / (ceiling - floor) * 100, 2)

    return [
        Candle(
            place(high),
            place(low),
            place(max(opened, closed)),
            place(min(opened, closed)),
            round(volume, 3),
            closed > opened,
        )
        for high, low, opened, closed, volume in walk
    ]
