// What of a session the application does not get: its cookies, which hold tokens, and what the filter of logins says of it. And what becomes of a
// session whose token is refused: it ends, and a page load begins another login.
import type { LoginIr } from '../../../../ir/login.ts';

/** Headers by which the filter of logins tells that there is no session. */
const told = ['x-envoy-oauth-status', 'x-envoy-oauth-failure-reason'] as const;

/** For so long a browser whose new session is refused as well is not sent to the provider again: it would go round. */
const againSeconds = 60;

const metadata = 'meshwright.login';

export interface SessionTold {
  readonly headers: {
    /** What kind of page load this is that brings no token but that of a session, if it is one. */
    readonly page: string;
    /** The token of the session. */
    readonly idToken: string;
  };
  /** The kinds of page loads. */
  readonly pages: readonly string[];
  /** Names by which the filter that verifies tokens tells of one of this login that is valid. */
  readonly verified: readonly string[];
}

/** A script for Envoy, in front of the filter that verifies tokens. */
export function sessionScript(
  { cookies, redirectUri }: Pick<LoginIr, 'cookies' | 'redirectUri'>,
  { headers: { page, idToken }, pages, verified }: SessionTold,
): string {
  const domain = cookies.domain === null ? '' : `; Domain=${cookies.domain}`;
  // Lax also where sessions are Strict: it comes with the browser that the provider sends back. Without None, a frame of another site takes nothing away.
  const sameSite = cookies.sameSite === 'None' ? 'None' : 'Lax';
  const attributes = `; Path=/; Secure; HttpOnly${domain}; SameSite=${sameSite}`;
  const removed = [...told, page].map((name) => `  headers:remove("${name}")`);
  return `local prefix, verified = "${cookies.prefix}", { ${verified.map((id) => `"${id}"`).join(', ')} }
local pages = { ${pages.map((kind) => `${kind} = true`).join(', ')} }

function envoy_on_request(handle)
  local headers = handle:headers()
  local path = headers:get(":path")
  local isPage = pages[headers:get("${page}") or ""] and headers:get("${idToken}") and string.sub(path, 1, 1) == "/"
  local isAgain, all = false, {}
${removed.join('\n')}
  for index = 0, headers:getNumValues("cookie") - 1 do
    for pair in string.gmatch(headers:getAtIndex("cookie", index), "[^;]+") do
      -- Not "(.-)%s*$": spaces within a cookie would take their number squared.
      local cookie = string.match(pair, "^%s*(.*)$")
      if string.sub(cookie, 1, #prefix) ~= prefix then
        all[#all + 1] = cookie
      elseif cookie == prefix .. "again=1" then
        isAgain = true
      end
    end
  end
  headers:remove("cookie")
  if #all > 0 then
    headers:add("cookie", table.concat(all, "; "))
  end
  if isPage then
    local metadata = handle:streamInfo():dynamicMetadata()
    metadata:set("${metadata}", "page", path)
    metadata:set("${metadata}", "again", isAgain)
  end
end

function envoy_on_response(handle)
  local metadata = handle:streamInfo():dynamicMetadata()
  local login = metadata:get("${metadata}")
  if login == nil then return end
  local tokens = metadata:get("envoy.filters.http.jwt_authn") or {}
  for _, id in ipairs(verified) do
    if tokens[id] ~= nil then return end
  end
  local headers = handle:headers()
  headers:add("set-cookie", prefix .. "hmac=deleted; Max-Age=0${attributes}")
  if login["again"] then return end
  headers:add("set-cookie", prefix .. "again=1; Max-Age=${againSeconds}${attributes}")
  headers:remove("www-authenticate")
  headers:replace(":status", "302")
  headers:replace("location", "${new URL(redirectUri).origin}" .. login["page"])
end
`;
}
