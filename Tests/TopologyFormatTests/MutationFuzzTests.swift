import ProcessTreeRandomTesting
import ProcessTreeTestSettings
import Testing

@testable import ProcessTreeTopologyFormat

/// Files with random changes: a check ends quickly, and what it finds stands in the file.
struct MutationFuzzTests {
  private static let pieces = [
    "${{ ", " }}", "$", "{", "}", "[", "]", ":", ": ", "-", "- ", "&a ", "*a", "<<: *a", "\n",
    "  ", "\t", "\"", "'", "#", "|", ">", "null", "~", "yes", "5", "5s", "instance", "env.X", "or",
    "+", "dependsOn", "nodes", "command", "\u{0}", "ä", "\u{FEFF}", "---", "!", "!!str", "%", "@",
    "? ", "x", "..", "2..8", "99999999999999999999", "\r\n", "\\",
  ]

  @Test func fuzzedFilesAreChecked() throws {
    var random = SeededGenerator.announced("fuzzedFilesAreChecked")
    for _ in rounds(3_000) {
      var bytes = Array(Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)].utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
          bytes.insert(contentsOf: piece.utf8, at: place)
        case 1:
          let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
          bytes.removeSubrange(place..<end)
        case 2:
          if place < bytes.count { bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random) }
        default:
          let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
          bytes.insert(contentsOf: bytes[place..<end], at: place)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let start = ContinuousClock.now
      let checked = check(text)
      #expect(start.duration(to: .now) < .seconds(2).scaled)
      for diagnostic in checked.diagnostics.all {
        let file = try #require(
          checked.files.indices.contains(diagnostic.place.file)
            ? checked.files[diagnostic.place.file] : nil)
        #expect(
          (1...max(1, file.lineCount)).contains(diagnostic.place.line)
            && diagnostic.place.column >= 1,
          "\(diagnostic) of \(text.debugDescription)")
      }
      _ = DiagnosticText(checked.files).text(of: checked.diagnostics)
      #expect((checked.topology == nil) == (checked.diagnostics.errorCount > 0))
      if let value = checked.value { _ = YAMLText.text(of: value) }
    }
  }

  private static let seeds = [
    """
    ptree: 1
    name: shop
    variables:
      port: 8080
      data: {default: "${{ file.directory }}/data", description: Where.}
    environment: {LC_ALL: C.UTF-8, COUNTRY: NO, T: {secret: "${{ env.X or 'y' }}"}}
    defaults:
      restart: {when: onFailure, backoff: {first: 500ms, factor: 2, most: 30s, jitter: 0.2}}
      stop: {signal: TERM, within: 7s}
    nodes:
      database: &d
        command: [sleep, "${{ data }}", "${{ run.scratch }}"]
        readiness: {command: [true], every: 500ms, within: 30s}
      web:
        command: [./web, --port, "${{ port + instance }}"]
        instances: 2
        dependsOn: {database: up}
        liveness: {http: "http://127.0.0.1:${{ port + instance }}/h", failures: 3}
      again: {<<: *d, mayFail: true}
      group:
        supervision: {strategy: restForOne, intensity: {restarts: 3, period: 1m}}
        limit: 3
        nodes: {a: {shell: "echo $X # no\\n"}, b: {shell: y, dependsOn: {a: succeeded}}}
    endsWith: [web]
    """,
    """
    ptree: 1
    nodes:
      p:
        pipeline:
          from: {files: ["*.gz"], as: paths}
          stages:
            - {name: a, command: [gzip, -dc, "{}"], mode: each, workers: 2..8}
            - {name: b, shell: sort, partition: {field: 1}, workers: 3}
          to: {file: out.txt, items: nul}
    """,
  ]
}
