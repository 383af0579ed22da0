// A service connection of the kind "workspace" as the variables that the storage reads; docs/object-storage.md has them.
'use strict';

const tl = require('azure-pipelines-task-lib/task');

const VARIABLES = {
    accesskeyid: 'AWS_ACCESS_KEY_ID',
    secretaccesskey: 'AWS_SECRET_ACCESS_KEY',
    accountkey: 'AZURE_STORAGE_ACCOUNT_KEY',
    sas: 'AZURE_STORAGE_SAS_TOKEN',
    serviceaccountkey: 'GOOGLE_SERVICE_ACCOUNT_KEY',
};
// To hide a shorter line of a secret, such as a bracket, would blank out ordinary text.
const SHORTEST_LINE = 6;

/** The variables for the connection with this id. */
function variablesOf(id) {
    const workspace = tl.getEndpointDataParameter(id, 'workspace', true) || '';
    // Not the getter of single parameters: it writes what it gets into the log of a job that is debugged.
    const authorization = tl.getEndpointAuthorization(id, true);
    if (!workspace || !authorization) {
        throw new Error('the workspace connection does not say where the workspace is; edit the service connection');
    }
    const variables = { MLOPS_CI_WORKSPACE: workspace };
    for (const [name, value] of Object.entries(authorization.parameters || {})) {
        if (!value) {
            continue;
        }
        if (name.toLowerCase() === 'apitoken') {
            Object.assign(variables, variablesOfToken(workspace, value));
        } else if (name.toLowerCase() in VARIABLES) {
            hide(value);
            variables[VARIABLES[name.toLowerCase()]] = value;
        }
    }
    return variables;
}

function variablesOfToken(workspace, token) {
    hide(token);
    const [log] = workspace.split(',');
    if (log.startsWith('az://')) {
        return { AZURE_STORAGE_TOKEN: token };
    }
    if (log.startsWith('git+https://')) {
        const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
        hide(basic);
        return {
            GIT_CONFIG_COUNT: '1',
            GIT_CONFIG_KEY_0: `http.${new URL(log.slice('git+'.length)).origin}/.extraheader`,
            GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
        };
    }
    throw new Error('the workspace connection has a token, which only az:// and git+https:// workspaces take');
}

/** Have the agent hide a secret, a line at a time, as it looks at lines. */
function hide(secret) {
    const lines = secret.split(/\r?\n/);
    lines.filter((line) => lines.length === 1 || line.length >= SHORTEST_LINE).forEach((line) => tl.setSecret(line));
}

module.exports = { hide, variablesOf };
