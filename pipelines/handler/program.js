// Sets mlops-ci up and starts it. Values reach it by its environment or as single arguments; no shell reads any.
'use strict';

const { spawn } = require('child_process');
const path = require('path');
const tl = require('azure-pipelines-task-lib/task');
const { hide, variablesOf } = require('./connection');

const SET_UP = path.join(__dirname, 'actions', 'setup', 'set_up.sh');
const ERROR = /^mlops-ci: error\[\d+\]: .*/;
const REFUSED = 1;

let running = null;
let cancelled = false;

for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
        cancelled = true;
        // Whoever runs decides how to end; the task ends after it.
        if (running) {
            running.kill(signal);
        }
    });
}

/** The environment of mlops-ci: that of the task, the connection's variables, and the job's token. */
function environmentWith(connection) {
    const environment = { ...process.env, ...(connection ? variablesOf(connection) : {}) };
    const authorization = tl.getEndpointAuthorization('SystemVssConnection', true);
    const token = authorization && authorization.parameters.AccessToken;
    if (token) {
        hide(token);
        environment.SYSTEM_ACCESSTOKEN = token;
    }
    return environment;
}

/** Install what is missing, and return the program. */
async function setUp(environment, cwd) {
    if (process.platform === 'win32') {
        throw new Error('mlops-ci runs on agents with Linux or macOS');
    }
    const done = await run('sh', [SET_UP, 'install'], { environment, cwd, keepOutput: true });
    const command = /^command=(.+)$/m.exec(done.output);
    if (done.code !== 0 || !command) {
        throw new Error(done.error || `the set-up of mlops-ci ended with code ${done.code}`);
    }
    return command[1];
}

/** Run mlops-ci, and tell the agent how it went. */
async function start(command, args, environment, cwd) {
    const done = await run(command, args, { environment, cwd });
    if (done.code === 0) {
        tl.setResult(tl.TaskResult.Succeeded, '', true);
    } else if (done.code === REFUSED) {
        tl.setResult(tl.TaskResult.Failed, 'the gate refused', true);
    } else {
        throw new Error(done.error || `mlops-ci ended with code ${done.code}`);
    }
}

function run(program, args, { environment, cwd, keepOutput = false }) {
    return new Promise((resolve, reject) => {
        if (cancelled) {
            reject(new Error('cancelled'));
            return;
        }
        running = spawn(program, args, {
            cwd,
            env: environment,
            stdio: ['ignore', keepOutput ? 'pipe' : 'inherit', 'pipe'],
        });
        let output = '';
        let said = '';
        if (keepOutput) {
            running.stdout.setEncoding('utf8').on('data', (text) => (output += text));
        }
        running.stderr.setEncoding('utf8').on('data', (text) => {
            process.stderr.write(text);
            said = (said + text).slice(-100000);
        });
        running.on('error', (error) => reject(new Error(`${path.basename(program)} does not start: ${error.code}`)));
        running.on('close', (code, signal) => {
            running = null;
            const error = said.split('\n').filter((line) => ERROR.test(line)).pop();
            resolve({ code: signal || code, output, error });
        });
    });
}

/** Do it, and tell the agent of any failure. */
async function task(main) {
    try {
        await main();
    } catch (error) {
        if (cancelled) {
            tl.setResult(tl.TaskResult.Cancelled, 'cancelled', true);
        } else {
            tl.setResult(tl.TaskResult.Failed, error.message, true);
        }
    }
}

module.exports = { environmentWith, setUp, start, task };
