// Downloads a version of a model; also for releases, which name these inputs.
'use strict';

const fs = require('fs');
const tl = require('azure-pipelines-task-lib/task');
const { environmentWith, setUp, start, task } = require('./program');

task(async () => {
    const [connection, model, version, folder] = ['connection', 'definition', 'version', 'downloadPath'].map((name) =>
        tl.getInput(name, true),
    );
    const environment = environmentWith(connection);
    fs.mkdirSync(folder, { recursive: true });
    // Whose settings of a project would matter here is not for the folder of some job to decide.
    const command = await setUp(environment, folder);
    await start(command, ['models', 'download', '--', `${model}@${version}`, folder], environment, folder);
});
