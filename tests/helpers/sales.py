"""Tables of sales, for the tests of what forecasts them."""

import numpy as np
import pandas as pd

ROWS = 90
OPTIONS = ["--date", "day", "--value", "sold", "--horizon", 3]
TINY = [*OPTIONS, "--hidden", 4, "--steps", 6]


def sales(rows=ROWS, seed=0):
    """A weekly rhythm with noise, day by day."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(rows, 2))
    t = np.arange(rows)
    week = np.array([3, 4, 4, 5, 7, 9, 1])[t % 7]
    return pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=rows).strftime("%F"),
            "sold": (10 * week + 3 * noise[:, 0]).round(2),
            "visits": (50 * week + 9 * noise[:, 1]).round(),
        }
    )


def write(path, table):
    table.to_csv(path, index=False)
    return path


def shops(rows=ROWS):
    """Sales of three shops below each other, with promotions and rain."""
    parts = []
    for k, name in enumerate(["north", "south", "west"]):
        part = sales(rows, seed=k).drop(columns="visits")
        part.insert(1, "shop", name)
        part["promo"] = np.arange(rows) % 4 // 3
        part["rain"] = np.arange(rows) % 5
        part["sold"] += 30 * part["promo"]
        parts.append(part)
    return pd.concat(parts).astype({"sold": object})
