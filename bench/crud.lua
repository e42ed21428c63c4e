-- wrk: create, read, update, delete in turn, over resources that this run made. Every answer's status
-- is checked; done() prints what was answered how.
local token = os.getenv("WEFT_TOKEN")
local head = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/fhir+json",
               ["Prefer"] = "return=minimal" }
local patient = os.getenv("WEFT_PATIENT")
local body = '"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},' ..
  '"subject":{"reference":"Patient/' .. patient .. '"},"effectiveDateTime":"2026-11-20T08:00:00Z",' ..
  '"valueQuantity":{"value":72,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}'
local fresh, seen, turn = {}, {}, 0
good, bad = 0, 0

function request()
  turn = turn + 1
  local kind = turn % 4
  if kind == 1 or #fresh == 0 then
    return wrk.format("POST", "/fhir/Observation", head, '{"resourceType":"Observation",' .. body)
  end
  if kind == 2 then
    return wrk.format("GET", "/fhir/Observation/" .. fresh[#fresh], head)
  end
  if kind == 3 then
    local id = table.remove(fresh)
    seen[#seen + 1] = id
    return wrk.format("PUT", "/fhir/Observation/" .. id, head,
                      '{"resourceType":"Observation","id":"' .. id .. '",' .. body)
  end
  if #seen > 64 then
    return wrk.format("DELETE", "/fhir/Observation/" .. table.remove(seen, 1), head)
  end
  return wrk.format("GET", "/fhir/Observation/" .. fresh[#fresh], head)
end

function response(status, headers)
  if status == 201 then
    local id = string.match(headers["Location"] or "", "/Observation/([^/]+)/")
    fresh[#fresh + 1] = id
  end
  if status >= 200 and status < 300 then good = good + 1 else bad = bad + 1 end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done()
  local g, b = 0, 0
  for _, t in ipairs(threads) do
    g = g + t:get("good")
    b = b + t:get("bad")
  end
  io.write(string.format("good %d bad %d\n", g, b))
end
