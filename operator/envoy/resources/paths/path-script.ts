// How a request's path is read, as a Lua script for Envoy. Rules decide on one spelling of it; the application gets the bytes that
// the caller sent. Applications read a path in more than one way, though: some take %2F for a slash, some cut off `;parameters`, some
// take `\` for `/`, merge `//`, or resolve `..`. Where that makes a difference the path has several readings.

/** Every reading, between bars: `|/admin|`. Where there are several, what they have in common comes first: `|/a/^|/a/b|/a/c|`. */
export const readingsHeader = 'x-meshwright-path-readings';
/** The first reading, where there are two at most: for expressions, which cannot be compared with a list. */
export const pathHeader = 'x-meshwright-path';
/** The second one. */
export const otherPathHeader = 'x-meshwright-path-otherwise';

/** Longer paths are not read, unless they are written canonically. In bytes. */
export const maxPathBytes = 8_192;
/** Longer paths are not read if they have several readings. In bytes. */
export const maxAmbiguousBytes = 1_024;

/**
 * Paths that are written canonically and can be read in one way only; RE2, of the path without the query. They need no script.
 * What it leaves out: percent signs, semicolons, `//`, segments that begin with a dot.
 */
export const canonicalSpelling = String.raw`(?:/[\w~!$&'()*+,=:@-][\w.~!$&'()*+,=:@-]*)*/?`;

/**
 * Encodes as canonicalPath does. A path that it does not read gets no header, as if the script had failed: rules that deny paths
 * refuse the request, and rules that allow paths do not match it. Not read are paths beyond the bounds, zero bytes, slashes and dots
 * in overlong UTF-8, and what no client writes by itself: `..` in combination with `;`, `\`, `//` at the beginning, or encoded dots and slashes, and `;` beside `\`.
 */
export const pathScript = String.raw`-- A slash that was encoded separates segments, or it is a part of one: then it is a zero byte here.
local hex, decode, decodeWithin, encode = '0123456789abcdefABCDEF', {}, {}, { ['\0'] = '%2F' }
for high in hex:gmatch('.') do
  for low in hex:gmatch('.') do
    local code, character = '%' .. high .. low, string.char(tonumber(high .. low, 16))
    decode[code], decodeWithin[code] = character, character == '/' and '\0' or character
  end
end
for byte = 1, 255 do encode[string.char(byte)] = string.format('%%%02X', byte) end

local function decoded(path) return (path:gsub('%%%x%x', decode)) end
local function decodedWithin(path) return (path:gsub('%%%x%x', decodeWithin)) end
local function withoutParameters(path) return (path:gsub(';[^/]*', '')) end
local function untilParameters(path) return path:match('^[^;]*') end
local function slashed(path) return (path:gsub('\\', '/')) end
-- ASCII in more bytes than it needs, up to six, which is no UTF-8, but was for decoders of old: %C0%AF is a slash.
local function short(high, low) return string.char(high:byte() % 2 * 64 + low:byte() % 64) end
local function shortened(path)
  path = path:gsub('\252\128\128\128([\128\129])([\128-\191])', short):gsub('\248\128\128([\128\129])([\128-\191])', short)
  path = path:gsub('\240\128([\128\129])([\128-\191])', short):gsub('\224([\128\129])([\128-\191])', short)
  return (path:gsub('([\192\193])([\128-\191])', short))
end
local function separators(path) return select(2, path:gsub('[%z/;\\%%.]', '')) end
local function withoutHost(path)
  local rest = path:match('^//+[^/]*(.*)')
  return rest == '' and '/' or rest or path
end

-- merging: empty segments are none. Otherwise as RFC 3986, 5.2.4, where '..' leaves an empty segment, too.
local function resolved(path, merging)
  local kept, isFolder = {}, false
  for segment in path:gmatch('/([^/]*)') do
    isFolder = segment == '' or segment == '.' or segment == '..'
    if segment == '..' then
      kept[#kept] = nil
    elseif segment ~= '.' and not (merging and segment == '') then
      kept[#kept + 1] = segment
    end
  end
  local name = '/' .. table.concat(kept, '/'):gsub('/+$', '')
  return name, isFolder and name ~= '/' and name .. '/' or name
end

-- To a list without duplicates, which is a set as well.
local function add(list, path)
  if list[path] then return end
  list[path], list[#list + 1] = true, path
end

-- All of the list, and what each function makes of it.
local function also(list, ...)
  for _, change in ipairs({ ... }) do
    for index = 1, #list do add(list, change(list[index])) end
  end
end

-- What an application may take for its path, decoded; none if that is not to be said.
local function sourcesOf(path)
  if #path > ${maxPathBytes} then return {} end
  local plain = decoded(path)
  local hasParameters, hasBackslashes = plain:find(';', 1, true), plain:find('\\', 1, true)
  local hasDots = (plain .. '/'):find('[/\\]%.%.?[/\\;]')
  local isAmbiguous = hasParameters or hasBackslashes or hasDots or plain:find('//', 1, true) or path:find('%%2[fF]')
  if plain:find('%z') or isAmbiguous and #path > ${maxAmbiguousBytes} then return {} end
  local shorter = shortened(plain)
  if shorter ~= plain and (isAmbiguous or separators(shorter) ~= separators(plain)) then return {} end
  if not isAmbiguous then return { plain, shorter } end
  if hasDots then
    if hasParameters or hasBackslashes or plain:find('^//') or path:find('%%2[eEfF]') then return {} end
    local name, folder = resolved(plain, true)
    local standardName, standardFolder = resolved(plain, false)
    return { plain, name, folder, standardName, standardFolder }
  end
  if hasParameters and hasBackslashes then return {} end
  local raw, sources = { path }, {}
  if hasParameters then also(raw, withoutParameters, untilParameters) end
  if hasBackslashes then also(raw, slashed) end
  for _, source in ipairs(raw) do
    add(sources, decoded(source))
    add(sources, decodedWithin(source))
  end
  if hasParameters then also(sources, withoutParameters, untilParameters) end
  if hasBackslashes then also(sources, slashed) end
  also(sources, withoutHost)
  return sources
end

local function readingsOf(path)
  local readings = {}
  for _, source in ipairs(sourcesOf(path)) do
    local reading = source:gsub("[^%w%-._~!$&'()*+,;=:@/]", encode)
    add(readings, reading)
    add(readings, (reading:gsub('//+', '/')))
  end
  return readings
end

local function segmentsOf(path)
  local segments = {}
  for segment in path:gmatch('/([^/]*)') do segments[#segments + 1] = segment end
  return segments
end

local function commonFolder(readings)
  local first = segmentsOf(readings[1])
  local count = #first
  for _, reading in ipairs(readings) do
    local segments, same = segmentsOf(reading), 0
    while same < count and segments[same + 1] == first[same + 1] do same = same + 1 end
    count = same
  end
  return count == 0 and '/' or '/' .. table.concat(first, '/', 1, count) .. '/'
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local path = (headers:get(':path') or ''):match('^(/[^?#]*)')
  local readings = path and readingsOf(path) or {}
  if #readings == 0 then return end
  local list = table.concat(readings, '|')
  if #readings > 1 then list = commonFolder(readings) .. '^|' .. list end
  headers:replace('${readingsHeader}', '|' .. list .. '|')
  if #readings > 2 then return end
  headers:replace('${pathHeader}', readings[1])
  if readings[2] then headers:replace('${otherPathHeader}', readings[2]) end
end
`;
