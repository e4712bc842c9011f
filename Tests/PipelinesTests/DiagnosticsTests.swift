import Foundation
import Testing

/// The diagnostics of the compiler for small programs that are wrong.
@Suite struct DiagnosticsTests {
  private static let stages = """
    import Pipelines
    struct Text: Stage {
      func process(_ input: Int, emit: (String) throws -> Void) throws { try emit("") }
    }
    struct Number: Stage {
      func process(_ input: Int, emit: (Int) throws -> Void) throws { try emit(input) }
    }
    struct Waiting: AsyncStage {
      func process(_ input: Int, emit: (Int) throws -> Void) async throws { try emit(input) }
    }
    struct Double: Transform { func callAsFunction(_ input: Int) -> Int { 2 * input } }

    """

  /// The errors of a program, as the compiler that made the tests finds them.
  private func errors(in program: String) async throws -> [String] {
    let build = try #require(
      Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        ?? Bundle.main.executableURL
    ).deletingLastPathComponent()
    let sources = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "diagnostics-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "program.swift")
    let output = directory.appending(path: "output")
    try Data(program.utf8).write(to: file)
    try Data().write(to: output)
    let maps = [
      build.appending(path: "ProcessTreeCZeroMQ.build/module.modulemap"),
      build.appending(path: "ProcessTreeCLinux.build/module.modulemap"),
      build.appending(path: "ProcessTreeCProcessShims.build/module.modulemap"),
    ].filter { FileManager.default.fileExists(atPath: $0.path) }
    let headers = ["CLinux", "CProcessShims", "CZeroMQ"].map {
      sources.appending(path: "\($0)/include").path
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "swiftc", "-typecheck", "-swift-version", "6", "-parse-as-library",
        "-I", build.appending(path: "Modules").path, file.path,
      ] + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0.path)"] }
      + headers.flatMap { ["-Xcc", "-I", "-Xcc", $0] }
    process.standardError = try FileHandle(forWritingTo: output)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    return try String(contentsOf: output, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix(file.path) && $0.contains(" error: ") }.map(String.init)
  }

  @Test func stagesThatFitAreFine() async throws {
    let found = try await errors(
      in: Self.stages + "let p = Pipeline(Number()).then(Waiting(), workers: 2).then(Double())")
    #expect(found == [])
  }

  @Test(arguments: ["Number()", "Waiting(), workers: 2", "Double()"])
  func theErrorNamesBothTypesOfAStageThatDoesNotFit(stage: String) async throws {
    let found = try await errors(in: Self.stages + "let p = Pipeline(Text()).then(\(stage))")
    #expect(found.count == 1)
    #expect(namesBothTypes(found), "\(found)")
  }

  @Test func theErrorNamesBothTypesOfACommandOrAPoolsInputsThatDoNotFit() async throws {
    let command = try await errors(
      in: Self.stages + """
        let p = Pipeline(Number()).then(Command("cat"), input: .lines, output: .lines)
        """)
    #expect(namesBothTypes(command), "\(command)")
    let inputs = try await errors(
      in: "import Pools\n" + Self.stages + """
        func f(_ pool: Pool) async throws { _ = try await pool.map(over: ["a"], using: Double()) }
        """)
    #expect(inputs.count == 1)
    #expect(namesBothTypes(inputs), "\(inputs)")
  }

  private func namesBothTypes(_ errors: [String]) -> Bool {
    errors.contains { error in ["'Int'", "'String'"].allSatisfy(error.contains) }
  }
}
