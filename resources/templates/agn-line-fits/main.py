"""Emission-line ratios of active galaxies against a photoionisation grid.

Four ratios of neighbouring lines are used, so that dust hardly matters: [O III] 5007/H-beta, [N II] 6584/H-alpha,
[S II] 6717+6731/H-alpha and [O I] 6300/H-alpha. A grid point's chi-squared is taken over the ratios that an object has,
with the errors of both lines and a floor for what the models themselves do not get right. The 68 % ranges are those of
the points within chi-squared + 2.30 (two parameters).

One index of the job takes the objects whose targetid leaves its number as the remainder.
"""

import math
import os

import meridian_job as job

RATIOS = (
    ("oiii_hbeta", ("oiii_5007",), "hbeta"),
    ("nii_halpha", ("nii_6584",), "halpha"),
    ("sii_halpha", ("sii_6716", "sii_6731"), "halpha"),
    ("oi_halpha", ("oi_6300",), "halpha"),
)
LINES = ("oiii_5007", "hbeta", "nii_6584", "halpha", "sii_6716", "sii_6731", "oi_6300")
# Two parameters of interest, 68.3 %.
DELTA_CHI2 = 2.30


def stand_in_grid():
    """A smooth surface with the trends of narrow-line region models. It is not the output of Cloudy."""
    for step_u in range(26):
        log_u = -4.0 + 0.1 * step_u
        for step_z in range(16):
            log_z = -0.75 + 0.1 * step_z
            yield log_u, log_z, {
                "oiii_hbeta": 1.05 - 0.32 * (log_u + 2.2) ** 2 - 0.25 * (log_z - 0.05) ** 2,
                "nii_halpha": -0.05 + 1.05 * log_z - 0.12 * (log_u + 3.0),
                "sii_halpha": -0.35 + 0.45 * log_z - 0.30 * (log_u + 3.0),
                "oi_halpha": -0.95 + 0.35 * log_z - 0.38 * (log_u + 3.0),
            }


def grid(connection, options):
    """The grid as [(log U, log Z, {ratio: log value})], and what to call it."""
    table = options.get("gridTable")
    if not table:
        return list(stand_in_grid()), "stand-in"
    names = [name for name, _, _ in RATIOS]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT log_u, log_z, {', '.join(names)} FROM {job.quote(table)}")
        points = [(row[0], row[1], dict(zip(names, row[2:]))) for row in cursor]
    if not points:
        raise SystemExit(f"The grid {table} has no rows.")
    return points, table


def measured(flux, ivar):
    """Log ratios and their errors in dex from fluxes and inverse variances by line; only detections count."""
    found = {}
    for name, over, under in RATIOS:
        lines = (*over, under)
        if any(flux[line] is None or not ivar[line] or flux[line] * math.sqrt(ivar[line]) < 3 for line in lines):
            continue
        upper = sum(flux[line] for line in over)
        variance = sum(1 / ivar[line] for line in over) / upper**2 + 1 / (ivar[under] * flux[under] ** 2)
        found[name] = (math.log10(upper / flux[under]), math.sqrt(variance) / math.log(10))
    return found


def fit(ratios, points, floor):
    """Best grid point, its chi-squared, and the range of both parameters."""
    scored = [
        (
            sum((value - point[name]) ** 2 / (error**2 + floor**2) for name, (value, error) in ratios.items()),
            log_u,
            log_z,
        )
        for log_u, log_z, point in points
    ]
    best = min(scored)
    near = [one for one in scored if one[0] <= best[0] + DELTA_CHI2]
    return best, [(min(one[at] for one in near), max(one[at] for one in near)) for at in (1, 2)]


def objects(connection, options, number, parts):
    about = job.data()
    columns = ", ".join(f"f.{line}_flux, f.{line}_flux_ivar" for line in LINES)
    chosen = ""
    wanted = None
    if about is not None and about["transport"] == "snapshot-table":
        chosen = f"AND f.targetid IN (SELECT targetid FROM {job.quote(about['place'])})"
    elif about is not None:
        wanted = {row["targetid"] for row in job.data_rows(connection, ["targetid"])}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT f.targetid, f.z, {columns}
            FROM {job.quote(options["schema"] + ".fastspecfit")} f
            JOIN {job.quote(options["schema"] + ".agnqso")} a USING (targetid, survey, program)
            WHERE a.agn_maskbits <> 0 AND f.zwarn = 0 AND f.z < 0.48 AND f.targetid %% %s = %s {chosen}
            ORDER BY f.targetid LIMIT %s
            """,
            (parts, number, options["limit"]),
        )
        for targetid, z, *values in cursor:
            if wanted is None or targetid in wanted:
                yield targetid, z, dict(zip(LINES, values[::2])), dict(zip(LINES, values[1::2]))


def main():
    options = job.parameters()
    number, parts = job.index(), int(os.environ.get("MERIDIAN_INDEXES", "1"))
    rows = []
    with job.connect() as connection:
        points, name = grid(connection, options)
        job.say(f"index {number} of {parts}: grid {name} with {len(points)} points")
        for targetid, z, flux, ivar in objects(connection, options, number, parts):
            ratios = measured(flux, ivar)
            if len(ratios) < options["minimumRatios"]:
                continue
            (chi2, log_u, log_z), ((u_low, u_high), (z_low, z_high)) = fit(ratios, points, options["errorFloor"])
            rows.append((number, targetid, z, len(ratios), log_u, u_low, u_high, log_z, z_low, z_high, chi2, name))
            if len(rows) % 100 == 0:
                job.say(f"{len(rows)} objects fitted")
    job.say(f"index {number}: {len(rows)} objects fitted")
    job.result(
        [
            ("index", "int8", "", "Index of the job that fitted it"),
            ("targetid", "int8", "", "DESI target identifier"),
            ("z", "float8", "", "Redshift"),
            ("ratios", "int8", "", "Line ratios used"),
            ("log_u", "float8", "", "Ionisation parameter, best point"),
            ("log_u_low", "float8", "", "Lower end, 68 %"),
            ("log_u_high", "float8", "", "Upper end, 68 %"),
            ("log_z", "float8", "log10 Zsun", "Metallicity, best point"),
            ("log_z_low", "float8", "log10 Zsun", "Lower end, 68 %"),
            ("log_z_high", "float8", "log10 Zsun", "Upper end, 68 %"),
            ("chi2", "float8", "", "Chi-squared of the best point"),
            ("grid", "text", "", "Table of the grid; stand-in = no Cloudy output"),
        ],
        rows,
    )


if __name__ == "__main__":
    main()
