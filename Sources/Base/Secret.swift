import Glibc

/// Bytes that prove something, in memory that no core dump shows and no forked process inherits.
///
/// They are never in an array: each copy of an array is another place that a dump would show.
package final class Secret: Sendable {
  /// The size in bytes.
  package static let size = 32

  // Unsafe: written before anybody else sees the secret, and overwritten at its end.
  private nonisolated(unsafe) let place: UnsafeMutableRawPointer

  /// Makes a secret of what a closure writes; the bytes are zero before.
  package init<Failure>(
    _ write: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    place = SecretPages.take()
    try write(UnsafeMutableRawBufferPointer(start: place, count: Self.size))
  }

  /// Makes a secret that nobody can guess; nil if the kernel gives no random bytes.
  package static func random() -> Secret? {
    var isRandom = false
    let made = Secret { isRandom = getentropy($0.baseAddress, $0.count) == 0 }
    return isRandom ? made : nil
  }

  /// Calls a closure with the bytes, which must not be copied to other memory.
  package func withUnsafeBytes<Value, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try body(UnsafeRawBufferPointer(start: place, count: Self.size))
  }

  deinit { SecretPages.giveBack(place) }
}

/// The pages that secrets are in.
private enum SecretPages {
  private static let pageSize = 4_096
  // Unsafe: pointers to places that nobody uses; the lock protects the list.
  private static let free = Lock<[UInt]>([])

  static func take() -> UnsafeMutableRawPointer {
    let address = free.withLock { free -> UInt in
      if free.isEmpty { free = makePlaces() }
      return free.removeLast()
    }
    guard let place = UnsafeMutableRawPointer(bitPattern: address) else {
      fatalError("no place is at address 0")
    }
    return place
  }

  static func giveBack(_ place: UnsafeMutableRawPointer) {
    explicit_bzero(place, Secret.size)
    free.withLock { $0.append(UInt(bitPattern: place)) }
  }

  private static func makePlaces() -> [UInt] {
    let made = mmap(nil, pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let page = made, page != MAP_FAILED else { fatalError("no memory for a secret") }
    // A kernel without one of these has no such protection to offer.
    _ = madvise(page, pageSize, MADV_DONTDUMP)
    _ = madvise(page, pageSize, MADV_WIPEONFORK)
    return stride(from: 0, to: pageSize, by: Secret.size).map { UInt(bitPattern: page + $0) }
  }
}
