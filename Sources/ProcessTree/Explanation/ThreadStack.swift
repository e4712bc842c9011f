/// A thread of a node's process, as the kernel and the thread itself describe it.
public struct ThreadStack: Hashable, Sendable, Codable {
  /// The kernel's number of the thread; that of the main thread is the process id.
  public var id: Int32
  /// The thread's name, of at most 15 bytes.
  public var name: String
  /// The kernel's letter for its state: `R` runs, `S` sleeps, `D` sleeps and hears no signal, `T`
  /// is stopped, `t` is traced, `Z` has ended.
  public var state: String
  /// The function of the kernel in which it sleeps, if the kernel shows it.
  public var kernelFunction: String?
  /// The calls that it is in, the innermost first; none if they were not requested or did not come.
  public var frames: [String]
  /// Why there are no frames although they were requested.
  public var reason: String?

  /// Makes a description, for tests of code that takes one.
  public init(
    id: Int32, name: String, state: String, kernelFunction: String? = nil, frames: [String] = [],
    reason: String? = nil
  ) {
    self.id = id
    self.name = name
    self.state = state
    self.kernelFunction = kernelFunction
    self.frames = frames
    self.reason = reason
  }

  /// The most threads of a process that are described.
  static let mostThreads = 32
  /// The most bytes of a process's frames.
  static let mostBytes = 64 << 10
}

extension ThreadStack: CustomStringConvertible {
  /// The thread, and an indented line for each frame.
  public var description: String {
    let place = kernelFunction.map { " in \($0)" } ?? ""
    let missing = reason.map { ", no stack: \($0)" } ?? ""
    let head = "thread \(id) \(name): \(state)\(place)\(missing)"
    return ([head] + frames.map { "  \($0)" }).map(\.withoutControlCharacters)
      .joined(separator: "\n")
  }
}
