import ProcessTreeCProcessShims

/// The mark of a process's run and node.
///
/// The tag is the soft limit on file locks, which has had no effect since Linux 2.4. It is
/// inherited over fork, exec and setsid, survives `env -i` and closed descriptors, and is visible
/// from outside, even for zombies.
package struct RunTag: Hashable, Sendable {
  /// The run, the high half of the limit.
  package var run: UInt32
  /// The node of the run, the low half of the limit.
  package var node: UInt32

  /// The low half that marks fork servers.
  package static let helperNode: UInt32 = 0xFFFF_FFFF

  package init(run: UInt32, node: UInt32) {
    self.run = run
    self.node = node
  }

  /// Draws a run id: never 0, and with the high bit clear, so that a tag is never "unlimited".
  package static func randomRunID() throws(ProcessControlError) -> UInt32 {
    while true {
      let run = UInt32(truncatingIfNeeded: try random()) & 0x7FFF_FFFF
      if run != 0 { return run }
    }
  }

  /// The tag of a run's root, which only that process has.
  ///
  /// Its node is computed from the process, so a process that the root's own code starts inherits
  /// the tag but is recognisable.
  package static func ofRoot(_ run: UInt32, pid: Int32, startTime: UInt64) -> RunTag {
    var mixed = startTime &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(UInt32(bitPattern: pid))
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    let node = UInt32(truncatingIfNeeded: mixed >> 32)
    return RunTag(run: run, node: node == 0 || node == helperNode ? 1 : node)
  }

  /// Draws a node id: neither 0 nor the fork servers' mark.
  package static func randomNodeID() throws(ProcessControlError) -> UInt32 {
    while true {
      let node = UInt32(truncatingIfNeeded: try random())
      if node != 0, node != helperNode { return node }
    }
  }

  /// Sets the tag on this process and reads it back.
  ///
  /// - Throws: `tagRefused` if a sandbox or a low hard limit does not allow it.
  package func install() throws(ProcessControlError) {
    let error = pt_tag_set(value)
    guard error != 0 else { return }
    throw ProcessControlError(
      .tagRefused, call: "prlimit", errno: error,
      "the limit on file locks cannot be set; allow prlimit(RLIMIT_LOCKS) in the sandbox")
  }

  /// Reads a process's tag; `nil` if the process has ended or has none.
  package static func read(of pid: Int32) -> RunTag? {
    var value: UInt64 = 0
    // For pid 0 the system would return the caller's own.
    guard pid > 0, pt_tag_get(pid, &value) == 0 else { return nil }
    let tag = RunTag(value: value)
    // A high bit or an empty high half belongs to a plain limit.
    guard tag.run != 0, tag.run < 0x8000_0000 else { return nil }
    return tag
  }

  var value: UInt64 { UInt64(run) << 32 | UInt64(node) }

  init(value: UInt64) {
    run = UInt32(truncatingIfNeeded: value >> 32)
    node = UInt32(truncatingIfNeeded: value)
  }

  private static func random() throws(ProcessControlError) -> UInt64 {
    var value: UInt64 = 0
    let error = pt_random(&value)
    guard error == 0 else { throw .system("getrandom", error) }
    return value
  }
}
