// A verb of mlops-ci as a task. Which one says verb.json; the inputs are those of task.json.
'use strict';

const fs = require('fs');
const path = require('path');
const tl = require('azure-pipelines-task-lib/task');
const { environmentWith, setUp, start, task } = require('./program');

// These are for the task itself; all others are options of the verb.
const OWN = ['workspaceConnection', 'workingDirectory'];

task(async () => {
    const { inputs } = read('task.json');
    const { verb, extras, needsMore } = read('verb.json');
    const environment = environmentWith(tl.getInput('workspaceConnection'));
    if (extras.length) {
        environment.MLOPS_CI_EXTRA = extras.join('\n');
    }
    if (needsMore) {
        environment.MLOPS_CI_VERB = verb;
    }
    for (const input of inputs.filter(({ name }) => !OWN.includes(name))) {
        const value = valueOf(input);
        if (value) {
            environment[variableOf(input.name)] = value;
        }
    }
    const folder = tl.getInput('workingDirectory') || process.cwd();
    if (!fs.existsSync(folder)) {
        throw new Error(`there is no working directory ${folder}`);
    }
    const command = await setUp(environment, folder);
    if (verb) {
        await start(command, verb.split(' '), environment, folder);
    } else {
        tl.prependPath(path.dirname(command));
        tl.setResult(tl.TaskResult.Succeeded, '', true);
    }
});

function read(name) {
    return JSON.parse(fs.readFileSync(path.join(__dirname, name), 'utf8'));
}

/** What was given; an agent makes the folder of the checkout of a path that was not. */
function valueOf({ name, type }) {
    return type === 'filePath' && !tl.filePathSupplied(name) ? undefined : tl.getInput(name);
}

/** onInconclusive is MLOPS_CI_ON_INCONCLUSIVE. */
function variableOf(name) {
    return 'MLOPS_CI_' + name.replace(/[A-Z]/g, (letter) => '_' + letter).toUpperCase();
}
