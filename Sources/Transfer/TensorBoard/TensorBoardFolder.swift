import SystemPackage
enum TensorBoardFolder {
    static func open(_ f: FilePath, experiment: String?) async throws -> any ImportSource { fatalError() }
}
