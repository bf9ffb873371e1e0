// Functions of the DESI databases: the comoving distance that void queries need, and plain-SQL stand-ins for the
// q3c extension, which this server does not carry. Same names and argument order, found by an index on declination
// instead of q3c's own; slower on big joins, and exact. Installed in template_desi by the build.

/**
 * comoving_mpc_h would be IMMUTABLE by nature. As VOLATILE the planner computes it once per galaxy in a subquery
 * instead of merging the subquery into a join and computing it once per pair, which made void queries take hours.
 */
export const functionsSql = `
CREATE FUNCTION public.comoving_mpc_h(z double precision, om double precision DEFAULT 0.315)
RETURNS double precision LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT 2997.92458 * z / 60 * sum(CASE WHEN k IN (0, 20) THEN 1 WHEN k % 2 = 1 THEN 4 ELSE 2 END
                                   / sqrt(om * power(1 + z * k / 20.0, 3) + 1 - om))
  FROM generate_series(0, 20) AS k
$$;
COMMENT ON FUNCTION public.comoving_mpc_h IS 'Comoving distance in Mpc/h to redshift z, flat LambdaCDM, Simpson rule';

CREATE FUNCTION public.q3c_dist(ra1 double precision, dec1 double precision, ra2 double precision,
    dec2 double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 2 * asind(least(1, sqrt(power(sind((dec2 - dec1) / 2), 2)
                                 + cosd(dec1) * cosd(dec2) * power(sind((ra2 - ra1) / 2), 2))))
$$;
CREATE FUNCTION public.q3c_radial_query(ra double precision, "dec" double precision, ra0 double precision,
                                        dec0 double precision, radius double precision)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT "dec" BETWEEN dec0 - radius AND dec0 + radius AND public.q3c_dist(ra, "dec", ra0, dec0) <= radius
$$;
CREATE FUNCTION public.q3c_join(ra1 double precision, dec1 double precision, ra2 double precision,
                                dec2 double precision, radius double precision)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT dec2 BETWEEN dec1 - radius AND dec1 + radius AND public.q3c_dist(ra1, dec1, ra2, dec2) <= radius
$$;
CREATE FUNCTION public.q3c_poly_edge(polygon double precision[], want_upper boolean)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN want_upper THEN max(polygon[i]) ELSE min(polygon[i]) END
  FROM generate_subscripts(polygon, 1) i WHERE i % 2 = 0
$$;
CREATE FUNCTION public.q3c_in_poly(ra double precision, "dec" double precision, polygon double precision[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT count(*) % 2 = 1
  FROM (
    SELECT polygon[2 * i - 1] - ra - 360 * round((polygon[2 * i - 1] - ra) / 360) AS x1, polygon[2 * i] AS y1,
           polygon[2 * (i % n) + 1] - ra - 360 * round((polygon[2 * (i % n) + 1] - ra) / 360) AS x2,
           polygon[2 * (i % n) + 2] AS y2
    FROM (SELECT array_length(polygon, 1) / 2 AS n) c, generate_series(1, n) i
  ) side
  WHERE (y1 > "dec") <> (y2 > "dec") AND x1 + ("dec" - y1) / (y2 - y1) * (x2 - x1) > 0
$$;
CREATE FUNCTION public.q3c_poly_query(ra double precision, "dec" double precision, polygon double precision[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT "dec" BETWEEN public.q3c_poly_edge(polygon, false) AND public.q3c_poly_edge(polygon, true)
         AND public.q3c_in_poly(ra, "dec", polygon)
$$;
CREATE FUNCTION public.q3c_version() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'stand-in in SQL' $$;
COMMENT ON FUNCTION public.q3c_dist IS 'Stand-in for the q3c extension: angular distance in degrees';
COMMENT ON FUNCTION public.q3c_radial_query IS 'Stand-in for the q3c extension: cone search, uses an index on dec';
COMMENT ON FUNCTION public.q3c_join IS 'Stand-in for the q3c extension: positional match, uses an index on the second dec';
COMMENT ON FUNCTION public.q3c_in_poly IS 'Stand-in for the q3c extension: point in a small polygon, sides straight in RA and Dec';
COMMENT ON FUNCTION public.q3c_poly_query IS 'Stand-in for the q3c extension: polygon search, uses an index on dec';
COMMENT ON FUNCTION public.q3c_version IS 'Says that q3c itself is not installed here'`
