"""Runs in the peers' environment: fits implicit or lightfm to a file of arrays, writes its lists.

`python topn_peers.py implicit|lightfm IN.npz OUT.npz full|quick`; knows nothing of wager.
"""

import json
import sys
import time
import warnings

import numpy as np
import scipy.sparse as sparse

LENGTH, TIMED = 20, 300


def main() -> None:
    warnings.simplefilter("ignore")  # implicit tells of each conversion
    library, source, target, quick = sys.argv[1:]
    given = np.load(source)
    cells = (given["counts"], (given["rows"], given["columns"]))
    table = sparse.csr_matrix(cells, shape=tuple(given["shape"]), dtype=np.float32)
    lists, said = {}, []
    for name, again, new, fit, one in {"implicit": implicit, "lightfm": lightfm}[library](
        table, quick == "quick"
    ):
        lists[f"{len(said)} again"], lists[f"{len(said)} new"] = again, new
        said.append({"name": name, "fit": fit, "one": one})
    np.savez(target, said=json.dumps(said), **lists)


def implicit(table, quick):
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, TFIDFRecommender
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")
    once = table.copy()
    once.data[:] = 1.0
    models = [
        (f"implicit ALS {factors} factors, alpha {alpha}", data, AlternatingLeastSquares(
            factors=factors, alpha=alpha, regularization=0.05, iterations=15, num_threads=1,
            random_state=1))
        for factors in (32, 96) for alpha in (1.0, 5.0)
        for data in (once,)
    ]  # fmt: skip
    logs = table.copy()
    logs.data = np.log1p(logs.data)
    models += [
        ("implicit ALS 64 factors on log counts", logs, AlternatingLeastSquares(
            factors=64, alpha=2.0, regularization=0.05, iterations=15, num_threads=1,
            random_state=1)),
        ("implicit item-kNN BM25", once, BM25Recommender(K=100, num_threads=1)),
        ("implicit item-kNN TF-IDF", table, TFIDFRecommender(K=100, num_threads=1)),
    ]  # fmt: skip
    people = np.arange(table.shape[0])
    for name, data, model in models[:1] if quick else models:
        began = time.perf_counter()
        model.fit(data, show_progress=False)
        fit = time.perf_counter() - began
        again, _ = model.recommend(people, data, N=LENGTH, filter_already_liked_items=False)
        new, _ = model.recommend(people, data, N=LENGTH, filter_already_liked_items=True)
        times = []
        for person in range(min(TIMED, len(people))):
            began = time.perf_counter()
            model.recommend(person, data[person], N=LENGTH, filter_already_liked_items=True)
            times.append(time.perf_counter() - began)
        yield name, again, new, fit, float(np.median(times))


def lightfm(table, quick):
    from lightfm import LightFM

    once = (table > 0).astype(np.float32).tocoo()
    had = once.tocsr()
    people, items = table.shape
    for factors, epochs in ((32, 3),) if quick else ((32, 20), (64, 20)):
        model = LightFM(no_components=factors, loss="warp", random_state=1)
        began = time.perf_counter()
        model.fit(once, epochs=epochs, num_threads=2)
        fit = time.perf_counter() - began
        again, new, times = [], [], []
        for person in range(people):
            began = time.perf_counter()
            scores = model.predict(person, np.arange(items))
            free = scores.copy()
            free[had.indices[had.indptr[person] : had.indptr[person + 1]]] = -np.inf
            new.append(np.argsort(-free)[:LENGTH])
            times.append(time.perf_counter() - began)
            again.append(np.argsort(-scores)[:LENGTH])
        yield (f"lightfm WARP {factors} components", np.array(again), np.array(new), fit,
               float(np.median(times)))  # fmt: skip


if __name__ == "__main__":
    main()
