// What of a session the application does not get: its cookies, which hold tokens, and what the filter of logins says of it.

/** Headers by which the filter of logins tells that there is no session. */
const told = ['x-envoy-oauth-status', 'x-envoy-oauth-failure-reason'] as const;

/** A script for Envoy. cookies: what their names begin with. */
export function withoutSession(cookies: string, ...headers: readonly string[]): string {
  const removed = [...told, ...headers].map((name) => `  headers:remove("${name}")`);
  return `function envoy_on_request(handle)
  local headers = handle:headers()
${removed.join('\n')}
  local all = {}
  for index = 0, headers:getNumValues("cookie") - 1 do
    for pair in string.gmatch(headers:getAtIndex("cookie", index), "[^;]+") do
      local cookie = string.match(pair, "^%s*(.-)%s*$")
      if string.sub(cookie, 1, ${cookies.length}) ~= "${cookies}" then
        all[#all + 1] = cookie
      end
    end
  end
  headers:remove("cookie")
  if #all > 0 then
    headers:add("cookie", table.concat(all, "; "))
  end
end
`;
}
