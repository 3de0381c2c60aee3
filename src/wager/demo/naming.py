"""Names that a person can read, made of the codes of Complete Journey; nothing is invented."""

import re

WORDS = {
    "acc": "accessories",
    "accsry": "accessories",
    "bev": "beverages",
    "bg": "bags",
    "bkd": "baked",
    "bn": "beans",
    "brd": "bread",
    "brkfst": "breakfast",
    "btl": "bottle",
    "btr": "butter",
    "catfd": "cat food",
    "chix": "chicken",
    "choc": "chocolate",
    "choccolate": "chocolate",
    "chococlate": "chocolate",
    "chp": "chops",
    "ckys": "cookies",
    "cndy": "candy",
    "cntrl": "control",
    "conc": "concentrate",
    "crkr": "crackers",
    "crystl": "crystal",
    "ct": "count",
    "dnrs": "dinners",
    "dogfd": "dog food",
    "drnk": "drink",
    "drnks": "drinks",
    "drsng": "dressing",
    "dsh": "dish",
    "fd": "food",
    "fem": "feminine",
    "flvr": "flavor",
    "flvrd": "flavored",
    "frd": "fried",
    "frsh": "fresh",
    "frz": "frozen",
    "frzn": "frozen",
    "gds": "goods",
    "gm": "general merchandise",
    "grnd": "ground",
    "hygn": "hygiene",
    "jce": "juice",
    "lnch": "lunch",
    "misc": "miscellaneous",
    "mlk": "milk",
    "mult": "multi",
    "mx": "mix",
    "mxs": "mixes",
    "nat": "natural",
    "pck": "pack",
    "pckgd": "packaged",
    "pk": "pack",
    "pkgd": "packaged",
    "pkld": "pickled",
    "pnt": "peanut",
    "prem": "premium",
    "prod": "products",
    "ptty": "patty",
    "pwdr": "powder",
    "refrgratd": "refrigerated",
    "rfg": "refrigerated",
    "sald": "salad",
    "sft": "soft",
    "sherbts": "sherbets",
    "shldr": "shoulder",
    "slc": "slices",
    "sndwch": "sandwich",
    "snks": "snacks",
    "spec": "specialty",
    "sply": "supplies",
    "sprd": "spread",
    "stk": "steak",
    "sw": "sweet",
    "swt": "sweet",
    "swtnrs": "sweeteners",
    "tort": "tortillas",
    "trsh": "trash",
    "veg": "vegetables",
    "whlsm": "wholesome",
    "wtr": "water",
}
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z]+")
_OPEN = re.compile(r"\s*\([^)]*$")
_POSSESSIVE = re.compile(r"\b([a-z]{3,}) s\b")


def readable(code: str | None) -> str | None:
    """A code as words: lower case but for the first letter, abbreviations written out.

    >>> readable("FRZN ICE"), readable("CHILDREN S ACTIVITY"), readable("CAN DOGFD GOURMET (")
    ('Frozen ice', "Children's activity", 'Can dog food gourmet')
    """
    if not code:
        return None
    words = _OPEN.sub("", _SPACE.sub(" ", code).strip()).lower()
    words = words.replace(":", ": ").replace("  ", " ")
    words = _POSSESSIVE.sub(r"\1's", words)
    words = _WORD.sub(lambda found: WORDS.get(found[0], found[0]), words)
    return words[:1].upper() + words[1:] if words else None


def product_title(kind: str | None, size: str | None, brand: str | None) -> str:
    """What it is, how much of it, and whether it is the shop's own brand; all that is known.

    >>> product_title("APPLE SAUCE", "50 OZ", "Private")
    'Apple sauce, 50 oz, own brand'
    """
    parts = [readable(kind) or "Product without a name"]
    if size:
        parts.append(_SPACE.sub(" ", size).strip().lower())
    if brand == "Private":
        parts.append("own brand")
    return ", ".join(parts)


def coupon_title(categories: list[str], products: int) -> str:
    """What the coupon is for: its main categories, and how many products it covers.

    >>> coupon_title(["Cold cereal"], 12), coupon_title(["Soup", "Cheese", "Yogurt"], 1)
    ('Coupon: cold cereal (12 products)', 'Coupon: soup, cheese and more (1 product)')
    """
    named = [category[:1].lower() + category[1:] for category in categories[:2]]
    words = ", ".join(named) or "products without a category"
    more = " and more" if len(categories) > 2 else ""
    return f"Coupon: {words}{more} ({products} product{'s' if products != 1 else ''})"
