import ProcessTreeRandomTesting
import ProcessTreeWire
import Testing

@Suite struct HostVerdictTests {
  private let here = SystemIdentity(boot: "b1", processes: "pid:[1]", machine: "m", name: "h")

  @Test func aVerdictNeedsEvidence() {
    func verdict(_ boot: String, _ processes: String, _ machine: String) -> HostVerdict? {
      HostVerdict(
        SystemIdentity(boot: boot, processes: processes, machine: machine, name: "h"), from: here)
    }
    // The same place: the search for remains begins.
    #expect(verdict("b1", "pid:[1]", "m") == nil)
    #expect(verdict("b1", "pid:[1]", "") == nil)
    #expect(verdict("b0", "pid:[1]", "m") == .rebooted)
    #expect(verdict("b0", "pid:[2]", "m") == .rebooted)
    // Another container, another machine, or one that has no number.
    for other in [
      verdict("b1", "pid:[2]", "m"), verdict("b0", "pid:[1]", "n"), verdict("b0", "pid:[1]", ""),
      verdict("", "pid:[1]", "m"), verdict("b1", "", "m"),
    ] {
      #expect(other == .elsewhere)
    }
    // Machines that were made from one image.
    let sibling = SystemIdentity(boot: "b0", processes: "pid:[1]", machine: "m", name: "h2")
    #expect(HostVerdict(sibling, from: here) == .elsewhere)
  }

  @Test func verdictsComeBackAsTheyWere() throws {
    for verdict in [HostVerdict.gone(killed: 7), .rebooted, .elsewhere] {
      #expect(try HostVerdict(packed: verdict.packed()) == verdict)
    }
    #expect(throws: WireError.self) { try HostVerdict(packed: [0x91, 9]) }
  }

  /// Whatever comes, a record is read or refused.
  @Test func mutatedRecordsAreReadOrRefused() {
    let attach = AttachRecord(
      nonce: "ab", socket: "/tmp/d/5.a", secret: [UInt8](repeating: 7, count: 32),
      purpose: .join, hostRun: 7, system: here)
    let hello = HostHello(
      build: "x-1", machine: "x86_64", processors: 8, pid: 5, hostRun: 7, directory: "/tmp/d",
      socket: "/tmp/d/5.a", system: here)
    let record = HostRecord(
      host: HostPath(numbers: [3]), name: "b", nonce: "ab", lease: 10_000, drain: 25_000,
      secret: attach.secret)
    let samples = [
      attach.packed(), hello.packed(), record.packed(), HostVerdict.gone(killed: 300).packed(),
    ]
    for round in rounds(20_000) {
      var random = SeededGenerator(seed: UInt64(round) + 3)
      var bytes = samples[round % samples.count]
      for _ in 0..<random.int(1...4) {
        bytes[random.int(0...bytes.count - 1)] = UInt8(random.int(0...255))
      }
      if random.int(0...3) == 0 { bytes.removeLast(random.int(0...bytes.count - 1)) }
      _ = try? AttachRecord(packed: bytes)
      _ = try? HostHello(packed: bytes)
      _ = try? HostRecord(packed: bytes)
      _ = try? HostVerdict(packed: bytes)
    }
  }
}
