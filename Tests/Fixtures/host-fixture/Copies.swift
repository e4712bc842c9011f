import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// The program is copied to a host whose home directory is the first argument.
let copyScenarios: [String: Scenario] = [
  "copied": { root, test in
    let home = CommandLine.arguments.dropFirst(2).first ?? ""
    test.equal(try await copy(to: home, root), 4)
    let copies = found(in: home)
    test.equal(copies.count, 1)
    let first = identity(of: copies.first ?? "")
    // Once for each build.
    test.equal(try await copy(to: home, root), 4)
    test.equal(found(in: home), copies)
    test.equal(identity(of: copies.first ?? ""), first)
    // One of the same size, with another content.
    try spoil(copies.first ?? "")
    test.equal(try await copy(to: home, root), 4)
    test.equal(found(in: home), copies)
    test.expect(identity(of: copies.first ?? "") != first, "the spoilt copy is there")
    // One that nobody may execute.
    chmod(copies.first ?? "", 0o600)
    test.equal(try await copy(to: home, root), 4)
  },

  "notCopied": { root, test in
    let home = CommandLine.arguments.dropFirst(2).first ?? ""
    fopen(home + "/file", "w").map { _ = fclose($0) }
    let cases: [(Host, HostError.Code, String)] = [
      (copied(to: home + "/file"), .copyFailed, "mkdir"),
      (.command(["sh", "-c", "echo no way >&2; exit 3"], name: "b"), .copyFailed, "no way"),
      (.command(["/no/such/engine"], name: "b"), .engineMissing, "/no/such/engine"),
      (
        .command(
          ["sh", "-c", "PATH=/none; exec \"$@\"", "sh", "/bin/env", "PATH=/none"], name: "b"),
        .programMissing, "No such file"
      ),
    ]
    for (host, code, text) in cases {
      var host = host
      host.copiesProgram = true
      let error = await test.thrown(HostError.self) { try await root.withHosts([host]) { _ in } }
      test.equal(error?.code, code)
      test.expect(error?.message.contains(text) == true, "\(error as Any)")
    }
    var both = copied(to: home)
    both.program = "/bin/true"
    let error = await test.thrown(HostError.self) { try await root.withHosts([both]) { _ in } }
    test.equal(error?.code, .invalidHost)
    // Others are enough.
    let sum = try await root.withHosts([copied(to: home + "/file"), here("c")], minimum: 1) {
      try await root.spawn(Square(number: 3), on: $0).result
    }
    test.equal(sum, 9)
  },
]

private func copied(to home: String) -> Host {
  var host = Host.command(["env", "-u", "XDG_CACHE_HOME", "HOME=\(home)"], name: "b")
  host.copiesProgram = true
  return host
}

/// Has a node on the host compute.
private func copy(to home: String, _ root: Node) async throws -> Int {
  try await root.withHosts([copied(to: home)]) { hosts in
    try await root.spawn(Square(number: 2), on: hosts).result
  }
}

private func found(in home: String) -> [String] {
  var found = glob_t()
  defer { globfree(&found) }
  guard glob(home + "/.cache/process-tree/*/*", 0, nil, &found) == 0 else { return [] }
  return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
}

private func identity(of path: String) -> UInt {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_ino : 0
}

private func spoil(_ path: String) throws {
  guard let file = fopen(path, "r+") else { throw HostScenarioError() }
  defer { fclose(file) }
  fseek(file, 100_000, SEEK_SET)
  let byte = fgetc(file)
  fseek(file, 100_000, SEEK_SET)
  fputc(byte ^ 1, file)
}
