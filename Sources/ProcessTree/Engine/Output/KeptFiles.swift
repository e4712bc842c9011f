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
  /// Bytes of all files together.
  let most: Int

  package init(nodes: [String: Int], templates: [String: Int], others: Int, most: Int = .max) {
    self.nodes = nodes
    self.templates = templates
    self.others = others
    self.most = most
  }

  /// Whose output what the node at this address writes is: its own, or that of the nearest one
  /// above it that the plan has; and how many bytes of that are kept.
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

/// The files of a run's directory that hold what nodes have written, two for each owner.
///
/// When the newer one is full, it takes the place of the older one. If all together are too large,
/// the largest owner loses its oldest file. A value, which only one thread has.
struct KeptFiles {
  private let directory: String
  private struct Size {
    var newer = 0
    var older = 0

    var sum: Int { newer + older }
  }

  private var sizes: [Int: Size] = [:]
  private let most: Int
  private var sum = 0
  /// The last piece that is in the files, or that they note as missing.
  private(set) var lastNumber: UInt64 = 0
  /// Why nothing is kept any more.
  private(set) var failure: Int32?

  /// - Parameter most: The bytes of all files together.
  init(in directory: String, most: Int = .max) {
    self.directory = directory
    self.most = most
  }

  /// Adds a piece to a file that is at most half as large as what is kept.
  mutating func add(_ output: RunOutput, to file: Int, keeping bytes: Int) {
    // Made with the first piece: nodes that write nothing need none.
    if sizes.isEmpty, mkdir(directory, 0o700) != 0 { failure = errno }
    guard failure == nil else { return }
    let half = max(1, bytes / 2)
    let kept = output.cut(to: half)
    let frame = DeskFrames.framed(kept.packed())
    let path = KeptOutput.path(file, in: directory)
    let older = KeptOutput.olderPath(file, in: directory)
    var size = sizes[file] ?? Size()
    sum -= size.sum
    if kept.bytes.count < output.bytes.count {
      // Its begin is missing, so what came before that is not kept either.
      for path in [path, older] { unlink(path) }
      size = Size()
    } else if size.newer > 0, size.newer + frame.count > half {
      rename(path, older)
      size = Size(newer: 0, older: size.newer)
    }
    defer {
      sizes[file] = size
      sum += size.sum
      keepBound()
    }
    do throws(ProcessControlError) {
      try Self.append(frame, to: path, at: size.newer)
    } catch {
      failure = error.errno
      return
    }
    size.newer += frame.count
    lastNumber = max(lastNumber, output.number)
  }

  /// Takes from the owner that has most, as long as all together have too much.
  private mutating func keepBound() {
    while sum > most, let (file, size) = sizes.max(by: { $0.value.sum < $1.value.sum }) {
      guard size.sum > 0 else { return }
      let hasOlder = size.older > 0
      unlink(
        hasOlder
          ? KeptOutput.olderPath(file, in: directory) : KeptOutput.path(file, in: directory))
      let left = hasOlder ? Size(newer: size.newer) : Size()
      sum -= size.sum - left.sum
      sizes[file] = left
    }
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
