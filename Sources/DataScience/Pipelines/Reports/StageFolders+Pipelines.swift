// SPDX-License-Identifier: Apache-2.0

package import DataVersions

extension StageFolders {
    /// The folders as pipelines read them: with values of parameter files, loops and matrices in the templates.
    package static let ofPipelines = StageFolders { file, read in
        let stages = try PipelineFile.read(file, from: FileSource(read)).stages
        return Dictionary(stages.map { ($0.name, $0.folder) }) { $1 }
    }
}
