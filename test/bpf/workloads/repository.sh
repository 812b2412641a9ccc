set -e
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null
git init -q -b main work
cd work
git config user.name a
git config user.email b
echo one >file
git add file
git commit -qm first
git checkout -q -b other
git mv file moved
git commit -qm second
git --no-optional-locks status --short
git --no-optional-locks diff --stat main >/dev/null
