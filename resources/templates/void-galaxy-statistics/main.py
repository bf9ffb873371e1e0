"""Quenching in voids and walls at fixed stellar mass.

The environment of a galaxy is that of the DESIVAST void catalogues (table galaxy_void). A galaxy is quenched when
log10(sSFR / yr^-1) is below a threshold. Fractions carry the Wilson score interval, which stays within 0 and 1 and is
right for small numbers; the difference between the environments is given in units of its standard error.
"""

import math
from collections import defaultdict
from statistics import median

import meridian_job as job


def wilson(successes, total, sigmas=1.0):
    """Lower and upper end of the Wilson score interval."""
    share = successes / total
    spread = sigmas * sigmas / total
    centre = (share + spread / 2) / (1 + spread)
    half = sigmas / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def significance(void, wall):
    """Difference of two fractions over its standard error (pooled); None where it has no meaning."""
    pooled = (void[0] + wall[0]) / (void[1] + wall[1])
    error = math.sqrt(pooled * (1 - pooled) * (1 / void[1] + 1 / wall[1]))
    return None if error == 0 else (void[0] / void[1] - wall[0] / wall[1]) / error


def galaxies(connection, options):
    """(environment, log mass, log sSFR or None, Dn4000, SFR) of each galaxy of the sample."""
    schema = options["schema"]
    about = job.data()
    chosen = ""
    wanted = None
    if about is not None and about["transport"] == "snapshot-table":
        chosen = f"AND f.targetid IN (SELECT targetid FROM {job.quote(about['place'])})"
    elif about is not None:
        wanted = {row["targetid"] for row in job.data_rows(connection, ["targetid"])}
        job.say(f"{len(wanted)} galaxies in the query's file")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT f.targetid, e.environment, f.logmstar, f.sfr, f.dn4000
            FROM {job.quote(schema + ".galaxy_void")} e
            JOIN {job.quote(schema + ".fastspecfit")} f USING (targetid)
            WHERE e.algorithm = %s AND f.program = 'bright' AND f.zwarn = 0
              AND f.logmstar >= %s AND f.logmstar < %s {chosen}
            """,
            (options["algorithm"], options["massMinimum"], options["massMaximum"]),
        )
        for targetid, environment, logmstar, sfr, dn4000 in cursor:
            if wanted is not None and targetid not in wanted:
                continue
            yield environment, logmstar, math.log10(sfr) - logmstar if sfr > 0 else None, dn4000, sfr


def main():
    options = job.parameters()
    width = options["massBin"]
    samples = defaultdict(list)
    with job.connect() as connection:
        for environment, logmstar, ssfr, dn4000, sfr in galaxies(connection, options):
            bin_number = math.floor((logmstar - options["massMinimum"]) / width)
            # A galaxy without measurable star formation is as quenched as can be.
            is_quenched = ssfr is None or ssfr < options["quenchedBelow"]
            samples[bin_number, environment].append((is_quenched, dn4000, sfr))
    total = sum(len(sample) for sample in samples.values())
    job.say(f"{total} galaxies with an environment by {options['algorithm']}")
    if total == 0:
        raise SystemExit("No galaxy of the sample has an environment: nothing to compare.")

    def counts(bin_number, environment):
        sample = samples.get((bin_number, environment), [])
        return sum(is_quenched for is_quenched, _, _ in sample), len(sample)

    rows = []
    bins = sorted({bin_number for bin_number, _ in samples})
    for done, bin_number in enumerate(bins, start=1):
        void, wall = counts(bin_number, "void"), counts(bin_number, "wall")
        is_comparable = min(void[1], wall[1]) >= options["minimumCount"]
        difference = significance(void, wall) if is_comparable else None
        for environment in ("void", "wall"):
            sample = samples.get((bin_number, environment), [])
            if len(sample) < options["minimumCount"]:
                continue
            quenched = sum(is_quenched for is_quenched, _, _ in sample)
            low, high = wilson(quenched, len(sample))
            rows.append((
                environment,
                round(options["massMinimum"] + (bin_number + 0.5) * width, 4),
                len(sample),
                quenched / len(sample),
                low,
                high,
                median(dn4000 for _, dn4000, _ in sample),
                median(sfr for _, _, sfr in sample),
                difference,
            ))
            job.say(f"{environment} log M* {rows[-1][1]:.2f}: {len(sample)} galaxies, {quenched / len(sample):.3f} quenched")
        job.progress(done, len(bins))
    job.result(
        [
            ("environment", "text", "", "void or wall"),
            ("logmstar", "float8", "log10 Msun", "Middle of the mass bin"),
            ("galaxies", "int8", "", "Galaxies in the bin"),
            ("quenched_fraction", "float8", "", f"Share with log sSFR below {options['quenchedBelow']}"),
            ("quenched_low", "float8", "", "Lower end of the 68 % Wilson interval"),
            ("quenched_high", "float8", "", "Upper end of the 68 % Wilson interval"),
            ("median_dn4000", "float8", "", "Median narrow 4000 A break"),
            ("median_sfr", "float8", "Msun/yr", "Median star-formation rate"),
            ("void_minus_wall_sigma", "float8", "", "Difference of the fractions over its standard error"),
        ],
        rows,
    )


if __name__ == "__main__":
    main()
