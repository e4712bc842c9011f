internal import Glibc

/// What all nodes of a run of a topology know of it.
package struct RunContext: Sendable, Codable {
  /// The run's number in words.
  package var run: String
  package var name: String
  /// A directory of the run alone.
  package var scratch: String
  /// The standard streams of the root.
  var streams: RootStreams

  /// Made in the root.
  ///
  /// - Parameter hasOutput: Whether its standard output was open at the start.
  package init(run: String, name: String, scratch: String, hasOutput: Bool = true) {
    self.run = run
    self.name = name
    self.scratch = scratch
    streams = RootStreams(pid: getpid(), hasOutput: hasOutput)
  }

  /// As a list, like the plans of a file.
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(run)
    try list.encode(name)
    try list.encode(scratch)
    try list.encode(streams.pid)
    try list.encode(streams.hasOutput)
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    run = try list.decode(String.self)
    name = try list.decode(String.self)
    scratch = try list.decode(String.self)
    streams = RootStreams(
      pid: try list.decode(Int32.self), hasOutput: try list.decode(Bool.self))
  }
}

/// The standard streams of the root, which nodes below open by the kernel's names of them.
struct RootStreams: Sendable {
  let pid: Int32
  /// Whether the standard output was open at the start; else the null device has taken its place.
  let hasOutput: Bool

  /// The path that opens a stream of the root.
  func path(of descriptor: Int32) -> String { "/proc/\(pid)/fd/\(descriptor)" }

  /// Lets several processes write to the root's standard output where that is a file: each at its
  /// end.
  static func share() {
    var status = stat()
    guard fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    _ = fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_APPEND)
  }
}
