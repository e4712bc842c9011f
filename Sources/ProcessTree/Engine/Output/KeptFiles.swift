internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// How much of the output of nodes is kept in files.
package struct KeptOutputPlan: Sendable {
  /// Bytes by the address of a node.
  private let nodes: [String: Int]
  /// Bytes by the address of a template, of which each instance has so much.
  private let templates: [String: Int]
  /// Bytes of all others together, of which the root is one.
  private let others: Int

  package init(nodes: [String: Int], templates: [String: Int], others: Int) {
    self.nodes = nodes
    self.templates = templates
    self.others = others
  }

  /// Whose output what the node at this address writes is: its own, or that of the nearest one above it
  /// that the plan has; and how many bytes of that are kept.
  func owner(of address: String) -> (address: String, bytes: Int) {
    var place = address[...]
    while !place.isEmpty {
      if let bytes = nodes[String(place)] { return (String(place), bytes) }
      if let dash = place.lastIndex(of: "-"), let bytes = templates[String(place[..<dash])],
        place[dash...].dropFirst().allSatisfy({ ("0"..."9").contains($0) })
      {
        return (String(place), bytes)
      }
      place = place.lastIndex(of: "/").map { place[..<$0] } ?? ""
    }
    return ("/", others)
  }
}

/// The files of a run's directory that hold what nodes have written, two for each owner: when the newer
/// one is full, it takes the place of the older one.
///
/// A value, which only one thread has.
struct KeptFiles {
  private let directory: String
  private var sizes: [Int: Int] = [:]
  /// The last piece that is in the files.
  private(set) var lastNumber: UInt64 = 0
  /// Why nothing is kept any more.
  private(set) var failure: Int32?

  init(in directory: String) {
    self.directory = directory
    if mkdir(directory, 0o700) != 0 { failure = errno }
  }

  /// Adds a piece to a file that is at most half as large as what is kept.
  mutating func add(_ output: RunOutput, to file: Int, keeping bytes: Int) {
    guard failure == nil else { return }
    let half = max(1, bytes / 2)
    let kept = output.cut(to: half)
    let frame = DeskFrames.framed(kept.packed())
    let path = KeptOutput.path(file, in: directory)
    let older = KeptOutput.olderPath(file, in: directory)
    var size = sizes[file] ?? 0
    if kept.bytes.count < output.bytes.count {
      // Its begin is missing, so what came before that is not kept either.
      for path in [path, older] { unlink(path) }
      size = 0
    } else if size > 0, size + frame.count > half {
      rename(path, older)
      size = 0
    }
    do throws(ProcessControlError) {
      try Self.append(frame, to: path, at: size)
    } catch {
      failure = error.errno
      return
    }
    sizes[file] = size + frame.count
    lastNumber = output.number
  }

  private static func append(
    _ frame: [UInt8], to path: String, at size: Int
  ) throws(ProcessControlError) {
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
    guard let file = Descriptor(owning: open(path, flags, 0o600)) else {
      throw .system("open \(path)", errno)
    }
    do throws(ProcessControlError) {
      try Descriptors.writeAllQuietly(file.number, frame)
    } catch {
      // A part of a frame would hide what another run of this code could add.
      ftruncate(file.number, size)
      throw error
    }
  }
}
