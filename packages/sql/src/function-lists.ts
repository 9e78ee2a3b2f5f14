// Names of built-in functions by what a cache may think of them. MariaDB's were checked against
// information_schema.SQL_FUNCTIONS and with MariaDB's own query cache as an oracle; MySQL's come from its manual.

/** Answers depend on the arguments (and on keyed session variables) only. */
const STABLE = `
abs acos addtime add_months adddate any_value ascii asin atan atan2 avg bin bin_to_uuid bit_and bit_count bit_length bit_or
bit_xor cast ceil ceiling char char_length character_length charset chr coalesce coercibility collation column_check
column_exists column_get column_json column_list compress concat concat_ws conv convert convert_tz cos cot count crc32 crc32c
cume_dist date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear decode degrees dense_rank
elt exp export_set extract extractvalue field find_in_set first_value floor format from_base64 from_days from_unixtime
geometrycollection geomfromtext geometryfromtext get_format greatest group_concat grouping hex hour if ifnull inet6_aton
inet6_ntoa inet_aton inet_ntoa insert instr interval is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid isnull json_array
json_array_append json_array_insert json_arrayagg json_compact json_contains json_contains_path json_depth json_detailed
json_equals json_exists json_extract json_insert json_keys json_length json_loose json_merge json_merge_patch
json_merge_preserve json_normalize json_object json_objectagg json_overlaps json_pretty json_query json_quote json_remove
json_replace json_schema_valid json_search json_set json_storage_size json_type json_unquote json_valid json_value lag
last_day last_value lcase lead least left length lengthb linestring ln locate log log10 log2 lower lpad ltrim make_set
makedate maketime max mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches
mbrwithin md5 median microsecond mid min minute mod month monthname multilinestring multipoint multipolygon name_const
natural_sort_key nth_value ntile nullif nvl nvl2 oct octet_length ord percent_rank percentile_cont percentile_disc
period_add period_diff pi point polygon position pow power quarter quote radians rank regexp_instr regexp_like
regexp_replace regexp_substr repeat replace reverse right round row_number rpad rtrim sec_to_time second sformat sha sha1
sha2 sign sin soundex space sqrt st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_boundary st_buffer
st_centroid st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere
st_endpoint st_envelope st_equals st_exteriorring st_geohash st_geomfromgeojson st_geomfromtext st_geomfromwkb
st_geometryfromtext st_geometryn st_geometrytype st_interiorringn st_intersection st_intersects st_isclosed st_isempty
st_isring st_issimple st_isvalid st_latitude st_length st_linefromtext st_longitude st_makeenvelope st_numgeometries
st_numinteriorring st_numinteriorrings st_numpoints st_overlaps st_pointfromgeohash st_pointfromtext st_pointn
st_pointonsurface st_polyfromtext st_polygonfromtext st_relate st_simplify st_srid st_startpoint st_swapxy st_symdifference
st_touches st_transform st_union st_validate st_within st_x st_y std stddev stddev_pop stddev_samp str_to_date strcmp
subdate substr substring substring_index subtime sum tan time time_format time_to_sec timediff timestamp timestampadd
timestampdiff to_base64 to_char to_days to_seconds trim truncate ucase uncompress uncompressed_length unhex updatexml upper
uuid_to_bin value values var_pop var_samp variance week weekday weekofyear weight_string year yearweek
`;

/** Answers change by themselves, or belong to the session or the server; running them leaves nothing behind. */
const VOLATILE = `
aes_decrypt aes_encrypt benchmark binlog_gtid_pos connection_id curdate current_date current_role current_time
current_timestamp current_user curtime database default des_decrypt des_encrypt encode encrypt found_rows gtid_subset
gtid_subtract icu_version is_free_lock is_used_lock last_insert_id load_file localtime localtimestamp master_gtid_wait
master_pos_wait now old_password password ps_current_thread_id ps_thread_id rand random_bytes roles_graphml row_count schema
session_user sleep source_pos_wait sys_guid sysdate system_user unix_timestamp user utc_date utc_time utc_timestamp uuid
uuid_short version wait_for_executed_gtid_set wsrep_last_seen_gtid wsrep_last_written_gtid
`;

/** Only with a first argument: without one they give the present time. */
const VOLATILE_WITHOUT_ARGUMENTS = "unix_timestamp";

/** Volatile words that need no parentheses. */
const BARE_VOLATILE = `
current_date current_role current_time current_timestamp current_user localtime localtimestamp utc_date utc_time utc_timestamp
`;

/** Built-in names that are only built-in when `(` follows at once; after a blank they name a stored function. */
const SPACE_SENSITIVE = `
adddate bit_and bit_or bit_xor cast count cume_dist curdate curtime date_add date_sub dense_rank extract first_value
group_concat json_arrayagg json_objectagg lag lead max median mid min now nth_value ntile percent_rank percentile_cont
percentile_disc position rank row_number session_user std stddev stddev_pop stddev_samp subdate substr substring sum sysdate
system_user trim var_pop var_samp variance
`;

/**
 * Words that may stand before `(` without calling anything: keywords of both servers, which cannot name a stored function
 * without quotes. MariaDB lets some of its keywords do so (rollup, escape, duplicate …): they are not here.
 */
const NOT_CALLS = `
select distinct distinctrow all any some from where and or not xor in exists on using as join straight_join natural
over partition by having when then else case between like regexp rlike div is limit order group set into table index
key force ignore use for row match binary union except intersect return unique primary check
references with recursive dual update delete elseif while 
decimal numeric dec varchar varbinary int integer bigint smallint tinyint mediumint float double real bit blob text enum
datetime nchar nvarchar fixed
`;

function namesIn(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

/** Lower-case names of functions whose answers may be cached. */
export const STABLE_FUNCTIONS = namesIn(STABLE);
/** Lower-case names of functions that are harmless to run and whose answers are not to be cached. */
export const VOLATILE_FUNCTIONS = namesIn(VOLATILE);
/** Lower-case names that are stable with arguments and volatile without. */
export const CLOCK_WITHOUT_ARGUMENTS = namesIn(VOLATILE_WITHOUT_ARGUMENTS);
/** Lower-case volatile words that are called without parentheses. */
export const BARE_VOLATILE_WORDS = namesIn(BARE_VOLATILE);
/** Lower-case built-in names that need their `(` glued. */
export const SPACE_SENSITIVE_FUNCTIONS = namesIn(SPACE_SENSITIVE);
/** Lower-case words before `(` that call nothing. */
export const CALL_FREE_WORDS = namesIn(NOT_CALLS);
