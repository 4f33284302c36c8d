#!/bin/sh
# Loads three demo courses and twelve learners over HTTP. load.sh BASE ADMIN_TOKEN SYSTEM_TOKEN
set -eu
base=$1 admin=$2 system=$3

send() { # METHOD PATH TOKEN BODY
    curl -fsS -o /dev/null -X "$1" "$base$2" -H "Authorization: Bearer $3" -H 'Content-Type: application/json' -d "$4"
}

send PUT /api/v1/catalog/courses/101 "$admin" '{"title":"Knots and splices","description":"From the bowline to the long splice","staff":[{"userId":"2001","role":"INSTRUCTOR"},{"userId":"2002","role":"OWNER"}],"contents":[
{"id":"10101","title":"The bowline","type":"video","section":"Loops","durationSeconds":300},
{"id":"10102","title":"The sheet bend","type":"video","section":"Bends","durationSeconds":240},
{"id":"10103","title":"Tie twelve knots","type":"lab","section":"Practice"},
{"id":"10104","title":"Knot or not","type":"game","section":"Practice","required":false},
{"id":"10105","title":"Rope care","type":"document","section":"Reading"}]}'
send PUT /api/v1/catalog/courses/102 "$admin" '{"title":"Reading the sky","description":"Clouds, wind and what comes next","staff":[{"userId":"2001","role":"INSTRUCTOR"}],"contents":[
{"id":"10201","title":"Cloud families","type":"video","durationSeconds":420},
{"id":"10202","title":"Fronts","type":"video","durationSeconds":360},
{"id":"10203","title":"Keep a weather log","type":"lab"}]}'
send PUT /api/v1/catalog/courses/103 "$admin" '{"title":"Watch yourself watch","description":"What the demo page plays","staff":[{"userId":"2001","role":"INSTRUCTOR"}],"contents":[
{"id":"10301","title":"A minute that counts itself","type":"video","durationSeconds":60}]}'

learner=1001
while [ $learner -le 1012 ]; do
    k=$((learner - 1000))
    send POST /progress/sync "$system" "{\"userId\":\"$learner\",\"progressData\":[
{\"videoId\":\"10101\",\"watchedDuration\":$((k * 25)),\"segments\":[[0,$((k * 25))]]},
{\"videoId\":\"10102\",\"watchedDuration\":$((k * 20)),\"segments\":[[0,$((k * 10))],[$((k * 10 + 20)),$((k * 10 + 40))]]}]}"
    [ $((k % 2)) = 0 ] && send POST /user-progress/update "$system" "{\"userId\":$learner,\"courseId\":101,\"courseContentId\":10103,\"progressStatus\":\"COMPLETED\",\"activityDuration\":$((k * 60))}"
    [ $((k % 3)) = 0 ] && send POST /user-progress/update "$system" "{\"userId\":$learner,\"courseId\":102,\"courseContentId\":10203,\"progressStatus\":\"IN_PROGRESS\",\"progressPercent\":$((k * 5)),\"activityDuration\":600}"
    learner=$((learner + 1))
done
