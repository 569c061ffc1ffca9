# What jq has and the library beneath has not.
def IN(list): . as $it | any(list; . == $it);
def IN(source; list): any(source; IN(list));
def INDEX(rows; key): reduce rows as $row ({}; . + {"\($row | key)": $row});
def INDEX(key): INDEX(.[]; key);
def toarray: if isarray then . else [.] end;
def leaf_paths: paths(type | . != "array" and . != "object");
def ascii: [.] | implode;
def date: todate;
def dateadd(unit; seconds): . + seconds;
def datesub(unit; seconds): . - seconds;
def trimstr($text): ltrimstr($text) | rtrimstr($text);
def @csv: [.[] | if isstring then "\"" + (split("\"") | join("\"\"")) + "\"" elif . == null then "" elif isnumber or isboolean then tostring
  else error("\(type) has no place in a row of CSV") end] | join(",");
def @tsv: [.[] | if isstring then split("\\") | join("\\\\") | split("\t") | join("\\t") | split("\n") | join("\\n") | split("\r") | join("\\r")
  elif . == null then "" elif isnumber or isboolean then tostring else error("\(type) has no place in a row of TSV") end] | join("\t");
