internal import COpenCL
import Synchronization

/// The library and what it offers, found once a process: PoCL crashes where two threads ask for
/// platforms or first devices at once, so both are asked for inside this one initialisation.
///
/// Unchecked, and right: every stored property is a constant, the table and the handles are
/// never freed, and OpenCL 1.2 (A.2) makes its calls on platforms and devices thread-safe.
struct OpenCLDriver: @unchecked Sendable {
  struct Platform {
    var name: String
    var devices: [Device]
    /// Why there are none, where there are none.
    var reason: String?
  }
  struct Device {
    var handle: cl_device_id
    var info: DeviceInfo
    var traits: DeviceTraits
    var platform: String
    /// Why no program can run on it, if none can.
    var reason: String?
  }

  let api: copencl_api
  let platforms: [Platform]

  /// The driver, or in one sentence why there is none.
  static let shared: Result<OpenCLDriver, BackendError> = {
    do throws(BackendError) { return .success(try discover()) } catch { return .failure(error) }
  }()

  /// Whether they can be used at all, found before they are.
  static let trial = DriverTrial.answer()

  private static func discover() throws(BackendError) -> OpenCLDriver {
    if let fault = trial.fault { throw .noDevice("OpenCL is left out: \(fault)") }
    var reason: UnsafePointer<CChar>?
    guard let api = copencl_open(&reason)?.pointee else {
      let why = reason.map { String(cString: $0) } ?? "libOpenCL.so.1 does not open"
      throw .noDevice(
        "no OpenCL library (\(why)): install a loader (Debian ocl-icd-libopencl1) and the driver "
          + "of the device (pocl-opencl-icd for a CPU)")
    }
    var count: cl_uint = 0
    let status = api.clGetPlatformIDs(0, nil, &count)
    guard status == CL_SUCCESS, count > 0 else {
      throw .noDevice(
        "the OpenCL loader knows no driver (clGetPlatformIDs returned \(status)): install one "
          + "(pocl-opencl-icd for a CPU), or name the vendor's library in DRR_OPENCL_DRIVER "
          + "(such as /usr/lib/libnvidia-opencl.so.1)")
    }
    var handles = [cl_platform_id?](repeating: nil, count: Int(count))
    _ = api.clGetPlatformIDs(count, &handles, nil)
    let platforms = handles.compactMap { $0 }.enumerated().map { index, handle in
      platform(api, handle, index)
    }
    return OpenCLDriver(api: api, platforms: platforms)
  }

  private static func platform(
    _ api: copencl_api, _ handle: cl_platform_id, _ index: Int
  ) -> Platform {
    func text(_ key: Int32) -> String {
      string { api.clGetPlatformInfo(handle, cl_platform_info(key), $0, $1, $2) }
    }
    let name = text(CL_PLATFORM_NAME)
    let driver = name + ", " + text(CL_PLATFORM_VERSION)
    var count: cl_uint = 0
    let status = api.clGetDeviceIDs(handle, cl_device_type(CL_DEVICE_TYPE_ALL), 0, nil, &count)
    guard status == CL_SUCCESS, count > 0 else {
      return Platform(
        name: name, devices: [],
        reason: "\(name) has no device (clGetDeviceIDs returned \(status))")
    }
    var handles = [cl_device_id?](repeating: nil, count: Int(count))
    _ = api.clGetDeviceIDs(handle, cl_device_type(CL_DEVICE_TYPE_ALL), count, &handles, nil)
    let devices = handles.compactMap { $0 }.enumerated().map { position, handle in
      device(api, handle, .openCL(platform: index, index: position), driver)
    }
    return Platform(name: name, devices: devices)
  }

  private static func device(
    _ api: copencl_api, _ handle: cl_device_id, _ id: DeviceID, _ platform: String
  ) -> Device {
    func text(_ key: Int32) -> String {
      string { api.clGetDeviceInfo(handle, cl_device_info(key), $0, $1, $2) }
    }
    func number<T: FixedWidthInteger>(_ key: Int32, _: T.Type) -> T {
      var value = T.zero
      _ = api.clGetDeviceInfo(handle, cl_device_info(key), MemoryLayout<T>.size, &value, nil)
      return value
    }
    let type = Int32(truncatingIfNeeded: number(CL_DEVICE_TYPE, cl_device_type.self))
    let kind: DeviceInfo.Kind =
      type & CL_DEVICE_TYPE_GPU != 0
      ? .gpu : type & CL_DEVICE_TYPE_CPU != 0 ? .cpu : .accelerator
    let info = DeviceInfo(
      id: id, kind: kind, name: text(CL_DEVICE_NAME),
      driver: platform + ", driver " + text(CL_DRIVER_VERSION),
      memoryBytes: number(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong.self),
      computeUnits: Int(number(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint.self)))
    var reason: String?
    if let fault = trial.faults[id] {
      reason = "\(info.name) is left out: \(fault)"
    } else if number(CL_DEVICE_AVAILABLE, cl_bool.self) == 0 {
      reason = "\(info.name) is not available"
    } else if number(CL_DEVICE_COMPILER_AVAILABLE, cl_bool.self) == 0 {
      reason = "\(info.name) has no compiler"
    } else if number(CL_DEVICE_MAX_WORK_GROUP_SIZE, Int.self) < 256 {
      reason = "\(info.name) takes no work-group of 256 items"
    }
    let bufferBytes = Int(clamping: number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong.self))
    let traits = DeviceTraits(
      vendor: text(CL_DEVICE_VENDOR),
      localBytes: Int(clamping: number(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong.self)),
      vectorWidth: Int(number(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint.self)),
      bufferBytes: bufferBytes > 0 ? bufferBytes : .max)
    return Device(
      handle: handle, info: info, traits: traits, platform: platform, reason: reason)
  }

  private static func string(
    _ query: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int
  ) -> String {
    var count = 0
    guard query(0, nil, &count) == CL_SUCCESS, count > 1 else { return "" }
    var bytes = [UInt8](repeating: 0, count: count)
    let status = bytes.withUnsafeMutableBytes { query(count, $0.baseAddress, nil) }
    guard status == CL_SUCCESS else { return "" }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// A device with its context and its built programs, shared by all backends on it.
///
/// Unchecked, and right: the handles are constants and live as long as the process (contexts are
/// kept in `all`), OpenCL 1.2 (A.2) makes every call but clSetKernelArg thread-safe and kernel
/// objects never leave their backend; the programs, which do change, are behind a mutex, which
/// also keeps builds and kernel creation apart.
final class OpenCLContext: @unchecked Sendable {
  let api: copencl_api
  let device: cl_device_id
  let info: DeviceInfo
  let traits: DeviceTraits
  let handle: cl_context

  private struct ProgramKey: Hashable {
    var program: ProgramID
    var options: String
  }
  private struct Program: @unchecked Sendable { var handle: cl_program }
  private let hasCompiled = Atomic(false)
  private let programs = Mutex<[ProgramKey: Result<Program, BackendError>]>([:])
  private static let all = Mutex<[DeviceID: OpenCLContext]>([:])

  static func shared(for id: DeviceID) throws(BackendError) -> OpenCLContext {
    let result = all.withLock { contexts -> Result<OpenCLContext, BackendError> in
      if let context = contexts[id] { return .success(context) }
      do throws(BackendError) {
        let context = try OpenCLContext(id)
        contexts[id] = context
        return .success(context)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private init(_ id: DeviceID) throws(BackendError) {
    let driver = try OpenCLDriver.shared.get()
    guard case .openCL(let platform, let index) = id,
      driver.platforms.indices.contains(platform),
      driver.platforms[platform].devices.indices.contains(index)
    else { throw .noDevice("there is no OpenCL device \(id)") }
    let device = driver.platforms[platform].devices[index]
    if let reason = device.reason { throw .noDevice("\(id): \(reason)") }
    var handle: cl_device_id? = device.handle
    var status: cl_int = 0
    guard let context = driver.api.clCreateContext(nil, 1, &handle, nil, nil, &status),
      status == CL_SUCCESS
    else { throw .openCL("clCreateContext", status) }
    api = driver.api
    self.device = device.handle
    info = device.info
    traits = device.traits
    self.handle = context
  }

  /// A new kernel object. Builds its program where no backend has yet.
  func makeKernel(_ kernel: KernelID, _ form: FormShape) throws(BackendError) -> cl_kernel {
    let key = ProgramKey(program: kernel.program, options: form.options(kernel.program))
    let result = programs.withLock { programs -> Result<Kernel, BackendError> in
      do throws(BackendError) {
        let program: Program
        if let known = programs[key] {
          program = try known.get()
        } else {
          do throws(BackendError) {
            program = Program(handle: try build(kernel.program, form))
            programs[key] = .success(program)
          } catch {
            programs[key] = .failure(error)
            throw error
          }
        }
        var status: cl_int = 0
        guard let made = api.clCreateKernel(program.handle, kernel.rawName, &status),
          status == CL_SUCCESS
        else { throw .openCL("clCreateKernel", status, kernel: kernel) }
        return .success(Kernel(handle: made))
      } catch { return .failure(error) }
    }
    return try result.get().handle
  }
  private struct Kernel: @unchecked Sendable { var handle: cl_kernel }

  private func build(_ program: ProgramID, _ form: FormShape) throws(BackendError) -> cl_program {
    let source = try KernelSource.text(of: program, form)
    let options = form.options(program)
    let cache = OpenCLBinaryCache(
      key: "\(info.name)\n\(info.driver)\n\(options)\n\(source)", name: program.rawValue)
    if let binary = cache.load(), let built = load(binary, options) { return built }
    let isFirst = hasCompiled.exchange(true, ordering: .relaxed) == false
    if isFirst { KernelCompilation.announce(info.name) }
    var status: cl_int = 0
    let created = source.withCString { text -> cl_program? in
      var line: UnsafePointer<CChar>? = text
      return api.clCreateProgramWithSource(handle, 1, &line, nil, &status)
    }
    guard let created, status == CL_SUCCESS else {
      throw .openCL("clCreateProgramWithSource", status)
    }
    var device: cl_device_id? = device
    status = api.clBuildProgram(created, 1, &device, options, nil, nil)
    guard status == CL_SUCCESS else {
      let log = buildLog(created)
      _ = api.clReleaseProgram(created)
      throw .build(
        program: program.rawValue, device: info.name,
        log: "clBuildProgram returned \(status) (\(openCLErrorName(status)))\n\(log)")
    }
    if let binary = binary(of: created) { cache.store(binary) }
    return created
  }

  private func load(_ binary: [UInt8], _ options: String) -> cl_program? {
    var device: cl_device_id? = device
    var length = binary.count
    var status: cl_int = 0
    let created = binary.withUnsafeBufferPointer { bytes -> cl_program? in
      var start = bytes.baseAddress
      return api.clCreateProgramWithBinary(handle, 1, &device, &length, &start, nil, &status)
    }
    guard let created, status == CL_SUCCESS else { return nil }
    guard api.clBuildProgram(created, 1, &device, options, nil, nil) == CL_SUCCESS else {
      _ = api.clReleaseProgram(created)
      return nil
    }
    return created
  }

  private func binary(of program: cl_program) -> [UInt8]? {
    var length = 0
    let size = MemoryLayout<Int>.size
    guard
      api.clGetProgramInfo(
        program, cl_program_info(CL_PROGRAM_BINARY_SIZES), size, &length, nil) == CL_SUCCESS,
      length > 0
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: length)
    let status = bytes.withUnsafeMutableBufferPointer { bytes in
      var start = bytes.baseAddress
      return api.clGetProgramInfo(
        program, cl_program_info(CL_PROGRAM_BINARIES), size, &start, nil)
    }
    return status == CL_SUCCESS ? bytes : nil
  }

  private func buildLog(_ program: cl_program) -> String {
    let key = cl_program_build_info(CL_PROGRAM_BUILD_LOG)
    var count = 0
    guard api.clGetProgramBuildInfo(program, device, key, 0, nil, &count) == CL_SUCCESS,
      count > 0
    else { return "" }
    var bytes = [UInt8](repeating: 0, count: count)
    _ = api.clGetProgramBuildInfo(program, device, key, count, &bytes, nil)
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
