"""Nearest-neighbour outlier scores of quasars, by redshift bin, on Ray.

Lines move through the broad bands with redshift, so colours are compared only within a narrow range of it. Within a
bin each feature is scaled by its median and its median absolute deviation; the score of a quasar is its mean distance
to its k nearest neighbours, divided by the bin's median of the same. A score of 1 is typical; the tail is what to look
at. Large bins are compared with a random reference sample, which keeps the cost linear in the number of quasars.
"""

import math
import random
from statistics import median

import meridian_job as job
import ray

COLOURS = ("g_r", "r_z", "z_w1", "w1_w2")
# From the median absolute deviation to the standard deviation of a normal distribution.
MAD_TO_SIGMA = 1.4826


@ray.remote
def score_bin(label, quasars, neighbours, reference_size, seed):
    """[(targetid, z, score, most unusual feature)] of the quasars (targetid, z, features) of one bin."""
    names, rows = quasars
    columns = list(zip(*(features for _, _, features in rows)))
    centres = [median(column) for column in columns]
    widths = [
        max(MAD_TO_SIGMA * median(abs(value - centre) for value in column), 1e-6)
        for column, centre in zip(columns, centres)
    ]
    points = [
        tuple((value - centre) / width for value, centre, width in zip(features, centres, widths))
        for _, _, features in rows
    ]
    chooser = random.Random(seed)
    chosen = range(len(points)) if len(points) <= reference_size else chooser.sample(range(len(points)), reference_size)
    reference = [(number, points[number]) for number in chosen]
    distances = []
    for number, point in enumerate(points):
        nearest = sorted(math.dist(point, other) for at, other in reference if at != number)[:neighbours]
        distances.append(sum(nearest) / len(nearest))
    typical = max(median(distances), 1e-9)
    print(f"{label}: {len(rows)} quasars, typical distance {typical:.3f}", flush=True)
    return [
        (targetid, z, distance / typical, names[max(range(len(point)), key=lambda at: abs(point[at]))])
        for (targetid, z, _), distance, point in zip(rows, distances, points)
    ]


def magnitude_difference(flux, other):
    """Colour in AB magnitudes from two fluxes; None where one of them is no detection."""
    return -2.5 * math.log10(flux / other) if flux and other and flux > 0 and other > 0 else None


def quasars(connection, options):
    """The names of the features, and (targetid, z, features) of every quasar that has them all."""
    about = job.data()
    if about is not None:
        known = [column["name"] for column in about["columns"]]
        names = [name.strip() for name in options["features"].split(",") if name.strip()] or [
            name for name in known if name not in ("targetid", "z")
        ]
        rows = [
            (row["targetid"], row["z"], tuple(row[name] for name in names))
            for row in job.data_rows(connection, ["targetid", "z", *names])
        ]
    else:
        names = COLOURS
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT targetid, z, flux_g, flux_r, flux_z, flux_w1, flux_w2
                FROM {job.quote(options["schema"] + ".qso_cat")}
                WHERE zwarn = 0 AND z BETWEEN %s AND %s ORDER BY targetid LIMIT %s
                """,
                (options["redshiftMinimum"], options["redshiftMaximum"], options["limit"]),
            )
            rows = [
                (
                    targetid,
                    z,
                    (
                        magnitude_difference(g, r),
                        magnitude_difference(r, zband),
                        magnitude_difference(zband, w1),
                        magnitude_difference(w1, w2),
                    ),
                )
                for targetid, z, g, r, zband, w1, w2 in cursor
            ]
    whole = [row for row in rows if all(isinstance(value, (int, float)) and math.isfinite(value) for value in row[2])]
    job.say(f"{len(rows)} quasars read, {len(whole)} with all of {', '.join(names)}")
    return names, whole


def main():
    options = job.parameters()
    ray.init()
    job.say(f"Ray has {ray.cluster_resources().get('CPU', 0):.0f} cores")
    with job.connect() as connection:
        names, rows = quasars(connection, options)
    bins = {}
    for row in rows:
        bins.setdefault(math.floor(row[1] / options["redshiftBin"]), []).append(row)
    # Fewer than this have no neighbourhood to speak of.
    usable = {at: members for at, members in bins.items() if len(members) > 3 * options["neighbours"]}
    if not usable:
        raise SystemExit("No redshift bin has enough quasars for its neighbours.")
    waiting = [
        score_bin.remote(
            f"z {at * options['redshiftBin']:.2f}", (names, members), options["neighbours"], options["referenceSize"], at
        )
        for at, members in sorted(usable.items())
    ]
    scored = []
    total = len(waiting)
    while waiting:
        ready, waiting = ray.wait(waiting)
        for reference in ready:
            scored.extend(ray.get(reference))
        job.progress(total - len(waiting), total)
    scored.sort(key=lambda one: -one[2])
    job.result(
        [
            ("rank", "int8", "", "1 = the most unusual"),
            ("targetid", "int8", "", "DESI target identifier"),
            ("z", "float8", "", "Redshift"),
            ("score", "float8", "", "Mean distance to the nearest neighbours over the bin's median; 1 is typical"),
            ("feature", "text", "", "The feature that lies farthest out"),
        ],
        ((rank, *one) for rank, one in enumerate(scored[: options["keep"]], start=1)),
    )
    ray.shutdown()


if __name__ == "__main__":
    main()
