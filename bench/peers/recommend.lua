wrk.method="POST"; wrk.headers["Content-Type"]="application/json"
local n=0
request=function() n=n+1; return wrk.format(nil,"/v1/recommend",nil,'{"user":"'..math.random(1,6040)..'","top":10}') end
response=function(status) if status~=200 then io.write("status "..status.."\n") end end
