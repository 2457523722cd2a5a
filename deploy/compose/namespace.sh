#!/bin/sh
# What redress needs of a Temporal namespace: a retention that covers its longest case, and its search attributes.
set -eu
temporal operator namespace describe --namespace default >/dev/null 2>&1 ||
  temporal operator namespace create --namespace default --retention 90d
temporal operator search-attribute create \
  --name RedressStage --type Keyword --name RedressWaitingFor --type KeywordList \
  --name RedressDeadline --type Datetime --name RedressOrder --type Keyword --name RedressProcedure --type Keyword \
  --name RedressLiable --type KeywordList --name RedressOverdue --type Bool --name RedressExit --type Keyword
