-- Asks Tenantry whose a request is, and leaves the answer in variables: the
-- status in txn.tenantry_status, 0 where there is none, and each header
-- X-Tenantry-Name in txn.tenantry_name.

local names = { "organization", "project", "environment", "key", "key-type", "scopes" }

core.register_action("tenantry", { "http-req" }, function(txn, url)
	txn:set_var("txn.tenantry_status", 0)
	local answer = core.httpclient():get({
		url = url,
		headers = { ["x-api-key"] = { txn.sf:req_fhdr("x-api-key") } },
		timeout = 2000, -- milliseconds
	})
	if answer == nil or answer.status == nil then
		return
	end
	txn:set_var("txn.tenantry_status", answer.status)
	local function header(name)
		local values = answer.headers[name]
		return values and values[0] or ""
	end
	txn:set_var("txn.tenantry_retry_after", header("retry-after"))
	for _, name in ipairs(names) do
		txn:set_var("txn.tenantry_" .. name:gsub("-", "_"), header("x-tenantry-" .. name))
	end
end, 1)
