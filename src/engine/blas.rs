//! The BLAS that this process has, its own account of itself, and how it is held to one thread.
//!
//! A feature chooses the BLAS: OpenBLAS by default, whose functions are called by name. Every other one, and whatever a system
//! has put in the place of its libblas, is asked through symbols that the program may or may not have found when it
//! started. In a build without the feature `blas`, ndarray's pure-Rust product (the crate matrixmultiply) takes the
//! same calls.
//!
//! gingham has threads of its own, so each call of BLAS must compute on the thread that makes it, and several threads must be
//! able to call at once. This is how each BLAS is brought to that:
//!
//! - **OpenBLAS** is held to one thread by `openblas_set_num_threads`. Its serial flavour need not be safe under several callers
//!   (OpenBLAS's FAQ on multi-threaded use), so it gets one. It maps a buffer for each of its callers when they first call, and
//!   where the system refuses one, it asks for ever (until 0.3.22). So it is made to map them all at the start.
//! - **Netlib's reference BLAS** has no threads and no state between calls. Debian lets another library stand in for it, OpenBLAS
//!   among them, so its stand-ins are looked for first.
//! - **BLIS** is safe under several callers and computes on the caller's thread unless it is told otherwise
//!   (its `docs/Multithreading.md`); it is told one thread by `bli_thread_set_num_threads`.
//! - **Intel's MKL** is safe under several callers (its developer guide). Its sequential variants have no threads; the parallel
//!   ones are held to one by `MKL_Set_Num_Threads`. In the static parallel variant that symbol cannot be found, so it gets one
//!   caller.
//! - **Accelerate** is safe under several callers, and takes `BLASSetThreading` from macOS 15 on. Before, it gets one caller.
//! - **An unknown BLAS**, which a library's user links to the feature `blas` alone, gets one caller.
//!
//! This file is long because what calls a BLAS, and what must happen before one starts, is `unsafe`, and stands in one place.

#![allow(unsafe_code)]

pub use super::library::{Library, Threading};

#[cfg(feature = "blas")]
pub use backend::library;
#[cfg(feature = "blas")]
pub(crate) use backend::{hold_to_one_thread, map_buffers};

/// The library that products go through.
#[cfg(not(feature = "blas"))]
#[must_use]
pub fn library() -> Library {
    Library {
        name: "matrixmultiply".into(),
        version: "(pure Rust; built without a BLAS)".to_owned(),
        core: std::env::consts::ARCH.to_owned(),
        threading: Threading::None,
    }
}

/// Nothing has to be held.
#[cfg(not(feature = "blas"))]
pub(crate) fn hold_to_one_thread() -> bool {
    true
}

/// There are no buffers.
#[cfg(not(feature = "blas"))]
pub(crate) fn map_buffers(_: &rayon::ThreadPool) {}

/// Refuses an OpenBLAS that would end the process at its first product, by an instruction that this CPU lacks: it knows AMD's K8
/// by its number alone and uses the K8's 3DNow!, but QEMU's own CPU has that number too, and not those instructions
/// (OpenBLAS issue 5831, mended in 2026).
///
/// # Errors
/// [`Error::Setting`](crate::error::Error::Setting).
#[cfg(all(feature = "blas", target_arch = "x86_64"))]
pub(crate) fn check_core() -> crate::error::Result<()> {
    #[allow(unused_unsafe)] // newer compilers know that it is safe
    // SAFETY: every 64-bit CPU answers this question.
    let features = unsafe { std::arch::x86_64::__cpuid(0x8000_0001) };
    let has_3dnow = features.edx >> 31 != 0;
    let core = library().core;
    if has_3dnow || !core.starts_with("Opteron") {
        return Ok(());
    }
    Err(crate::error::Error::Setting {
        setting: "OPENBLAS_CORETYPE",
        reason: format!(
            "expected Prescott, or whatever this CPU is like: OpenBLAS takes it for {core}, whose 3DNow! it lacks"
        ),
    })
}

/// Elsewhere nothing is known to be refused.
///
/// # Errors
/// None.
#[cfg(not(all(feature = "blas", target_arch = "x86_64")))]
pub(crate) fn check_core() -> crate::error::Result<()> {
    Ok(())
}

/// Keeps OpenBLAS from starting threads where the system allows few or little address space. Its constructor, which runs before
/// `main`, starts one for each core, though gingham needs none of them: where the system refuses one, OpenBLAS ends the process by
/// a signal, and where address space is limited each of them asks for its buffer for ever, and the end of the program waits for
/// it. `OPENBLAS_NUM_THREADS=1` keeps it from that, but the C library takes the environment as the kernel gave it, so the program
/// is started anew with it, before any constructor. Of the program alone: a library must not start who links it anew.
#[cfg(all(
    feature = "cli",
    feature = "blas",
    target_os = "linux",
    target_env = "gnu"
))]
mod before_start {
    use std::ffi::{CStr, CString, OsString, c_char, c_int};
    use std::os::unix::ffi::OsStringExt;
    use std::ptr;

    const SETTING: &CStr = c"OPENBLAS_NUM_THREADS=1";
    /// A limit of processes above this is taken for none: OpenBLAS has 128 threads at most.
    const FEW_PROCESSES: libc::rlim_t = 4096;

    extern "C" fn start_anew_where_limited(
        _: c_int,
        arguments: *const *const c_char,
        environment: *const *const c_char,
    ) {
        let below = |resource, most| {
            let mut limit = libc::rlimit {
                rlim_cur: libc::RLIM_INFINITY,
                rlim_max: libc::RLIM_INFINITY,
            };
            // SAFETY: `limit` may be written to.
            unsafe { libc::getrlimit(resource, &raw mut limit) };
            limit.rlim_cur < most
        };
        let limited = below(libc::RLIMIT_AS, libc::RLIM_INFINITY)
            || below(libc::RLIMIT_DATA, libc::RLIM_INFINITY)
            || below(libc::RLIMIT_NPROC, FEW_PROCESSES);
        if !limited {
            return;
        }
        let Ok(program) = std::fs::read_link("/proc/self/exe") else {
            return;
        };
        let Ok(program) = CString::new(OsString::from(program).into_vec()) else {
            return;
        };
        // SAFETY: the environment is an array of texts, each ended by a zero byte, and itself ended by a null pointer; the
        // arguments are one too. Nothing else runs yet that could change them.
        unsafe {
            let mut anew = Vec::new();
            for index in 0.. {
                let variable = *environment.add(index);
                if variable.is_null() {
                    break;
                }
                let text = CStr::from_ptr(variable);
                if text == SETTING {
                    return; // it is the second start, or needs none
                }
                if !text.to_bytes().starts_with(b"OPENBLAS_NUM_THREADS=") {
                    anew.push(variable);
                }
            }
            anew.extend([SETTING.as_ptr(), ptr::null()]);
            libc::execve(program.as_ptr(), arguments, anew.as_ptr()); // where it fails, this process goes on
        }
    }

    // SAFETY: the dynamic linker calls what stands in this section of a program once, with these arguments, before the constructors
    // of its libraries; of the C library nothing is used that those would have to prepare.
    #[used]
    #[unsafe(link_section = ".preinit_array")]
    static BEFORE_START: extern "C" fn(c_int, *const *const c_char, *const *const c_char) =
        start_anew_where_limited;
}

#[cfg(feature = "blas")]
mod backend {
    //! The functions of each BLAS.

    use std::ffi::{CStr, c_char, c_int, c_void};
    use std::sync::{Barrier, OnceLock};

    use super::{Library, Threading};

    /// A BLAS and what it can be asked.
    struct Backend {
        library: Library,
        hold: Hold,
        /// Buffers of OpenBLAS that may be taken: it has two for each thread that it was built for, and each of its own threads may
        /// hold one.
        most_buffers: usize,
    }

    /// How a BLAS is held to one thread.
    #[cfg_attr(
        openblas,
        expect(dead_code, reason = "OpenBLAS is held by its number of threads")
    )]
    #[derive(Clone, Copy)]
    enum Hold {
        /// It has no threads, so there is nothing to do.
        Needless,
        /// There is no way that this program knows of.
        Unknown,
        /// A number of threads is set, and read back.
        Threads(extern "C" fn(c_int), extern "C" fn() -> c_int),
        /// The same in BLIS's integers, which have the size of a pointer.
        Dimensions(extern "C" fn(isize), extern "C" fn() -> isize),
        /// Accelerate is told to be single-threaded, and answers 0 if it will.
        Model(extern "C" fn(u32) -> c_int),
    }

    /// The library that products go through.
    #[must_use]
    pub fn library() -> Library {
        backend().library.clone()
    }

    /// Holds it to one thread for calls from this thread and, but for OpenMP's flavours, from every other. Whether it took.
    pub(crate) fn hold_to_one_thread() -> bool {
        /// `BLAS_THREADING_SINGLE_THREADED` of Accelerate's `thread_api.h`.
        const SINGLE_THREADED: u32 = 1;
        match backend().hold {
            Hold::Needless => true,
            Hold::Unknown => false,
            Hold::Threads(set, get) => {
                set(1);
                get() == 1
            }
            Hold::Dimensions(set, get) => {
                set(1);
                get() == 1
            }
            Hold::Model(set) => set(SINGLE_THREADED) == 0,
        }
    }

    /// Has OpenBLAS map a buffer for each thread of `pool` now, while there is room: it keeps them, so that no later call has to ask
    /// the system for one. The functions for that are not among those that OpenBLAS promises. Where a program does not find them, as
    /// in one that OpenBLAS is a part of, nothing is done.
    pub(crate) fn map_buffers(pool: &rayon::ThreadPool) {
        type Take = extern "C" fn(c_int) -> *mut c_void;
        type GiveBack = extern "C" fn(*mut c_void);
        let count = pool.current_num_threads().min(backend().most_buffers);
        if count == 0 {
            return;
        }
        // SAFETY: the types are those of OpenBLAS's `common.h`.
        let found = unsafe {
            (
                symbol::<Take>(c"blas_memory_alloc"),
                symbol::<GiveBack>(c"blas_memory_free"),
            )
        };
        let (Some(take), Some(give_back)) = found else {
            return;
        };
        let all_taken = Barrier::new(count);
        pool.broadcast(|worker| {
            if worker.index() < count {
                let buffer = take(0);
                all_taken.wait(); // a buffer that is given back at once would be the next caller's too
                if !buffer.is_null() {
                    give_back(buffer);
                }
            }
        });
    }

    fn backend() -> &'static Backend {
        static BACKEND: OnceLock<Backend> = OnceLock::new();
        BACKEND.get_or_init(find)
    }

    #[cfg(openblas)]
    fn find() -> Backend {
        unsafe extern "C" {
            safe fn openblas_set_num_threads(threads: c_int);
            safe fn openblas_get_num_threads() -> c_int;
            safe fn openblas_get_parallel() -> c_int;
            safe fn openblas_get_config() -> *const c_char;
            safe fn openblas_get_corename() -> *const c_char;
        }
        openblas(
            Hold::Threads(openblas_set_num_threads, openblas_get_num_threads),
            openblas_get_parallel(),
            &text(openblas_get_config()),
            text(openblas_get_corename()),
        )
    }

    #[cfg(not(openblas))]
    fn find() -> Backend {
        symbols::openblas()
            .or_else(symbols::blis)
            .or_else(symbols::mkl)
            .or_else(symbols::accelerate)
            .unwrap_or_else(built_for)
    }

    /// OpenBLAS by its answers. Its configuration reads like "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ... SkylakeX MAX_THREADS=64".
    fn openblas(hold: Hold, parallel: c_int, configuration: &str, core: String) -> Backend {
        let mut words = configuration.split_whitespace();
        let version = words.nth(1);
        let most_threads = words.find_map(|word| word.strip_prefix("MAX_THREADS="));
        let library = Library {
            name: "OpenBLAS".into(),
            version: version.unwrap_or("of unknown version").to_owned(),
            core,
            threading: match parallel {
                0 => Threading::Serial,
                1 => Threading::Pthreads,
                _ => Threading::OpenMp,
            },
        };
        Backend {
            library,
            hold,
            most_buffers: most_threads
                .and_then(|count| count.parse().ok())
                .unwrap_or(1),
        }
    }

    /// What the features say, where no symbol tells more.
    #[cfg(not(openblas))]
    fn built_for() -> Backend {
        let netlib = cfg!(any(feature = "netlib", feature = "netlib-static"));
        // The static variants' symbols are the program's own, which cannot be looked for.
        let sequential = cfg!(any(
            feature = "intel-mkl-dynamic-sequential",
            feature = "intel-mkl-static-sequential"
        ));
        let parallel = cfg!(any(
            feature = "intel-mkl-dynamic-parallel",
            feature = "intel-mkl-static-parallel"
        ));
        let (name, threading, hold) = if netlib {
            ("Netlib BLAS", Threading::None, Hold::Needless)
        } else if sequential {
            ("Intel MKL", Threading::None, Hold::Needless)
        } else if parallel {
            ("Intel MKL", Threading::OpenMp, Hold::Unknown)
        } else if cfg!(any(feature = "blis", feature = "blis-static")) {
            ("BLIS", Threading::Pthreads, Hold::Unknown)
        } else if cfg!(feature = "accelerate") {
            ("Accelerate", Threading::Pthreads, Hold::Unknown)
        } else {
            ("a BLAS", Threading::Serial, Hold::Unknown)
        };
        other(
            name,
            "of unknown version",
            std::env::consts::ARCH,
            threading,
            hold,
        )
    }

    /// A BLAS that is not OpenBLAS.
    #[cfg(not(openblas))]
    fn other(
        name: &'static str,
        version: &str,
        core: &str,
        threading: Threading,
        hold: Hold,
    ) -> Backend {
        let library = Library {
            name: name.into(),
            version: version.to_owned(),
            core: core.to_owned(),
            threading,
        };
        Backend {
            library,
            hold,
            most_buffers: 0,
        }
    }

    /// The text behind a pointer that a BLAS gave.
    fn text(pointer: *const c_char) -> String {
        if pointer.is_null() {
            return String::new();
        }
        // SAFETY: every BLAS here returns a pointer to a string of its own that ends in zero and is never freed.
        unsafe { CStr::from_ptr(pointer) }
            .to_string_lossy()
            .into_owned()
    }

    /// A function of the libraries that were loaded with the program, where one of them has it.
    ///
    /// # Safety
    /// `F` must be the `extern "C"` function pointer of the function that has this name.
    #[cfg(unix)]
    unsafe fn symbol<F: Copy>(name: &CStr) -> Option<F> {
        const { assert!(size_of::<F>() == size_of::<*mut libc::c_void>()) };
        // SAFETY: the name ends in zero; the handle stands for all loaded libraries.
        let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        // SAFETY: of the same size, and by the caller's promise a pointer to that function, whose library is never unloaded.
        (!address.is_null()).then(|| unsafe { std::mem::transmute_copy(&address) })
    }

    /// Elsewhere none is looked for.
    ///
    /// # Safety
    /// None is needed.
    #[cfg(not(unix))]
    unsafe fn symbol<F: Copy>(_: &CStr) -> Option<F> {
        None
    }

    /// Each BLAS by the functions that tell it from the others.
    #[cfg(not(openblas))]
    mod symbols {
        use super::{Backend, Hold, Threading, c_char, c_int, other, symbol, text};

        type Integer = extern "C" fn() -> c_int;
        type Dimension = extern "C" fn() -> isize;
        type Text = extern "C" fn() -> *const c_char;

        /// OpenBLAS in the place of another libblas. Signatures: its `cblas.h`.
        pub(super) fn openblas() -> Option<Backend> {
            // SAFETY: the types are those of OpenBLAS's header.
            let (set, get, parallel, configuration, core) = unsafe {
                (
                    symbol::<extern "C" fn(c_int)>(c"openblas_set_num_threads")?,
                    symbol::<Integer>(c"openblas_get_num_threads")?,
                    symbol::<Integer>(c"openblas_get_parallel")?,
                    symbol::<Text>(c"openblas_get_config")?,
                    symbol::<Text>(c"openblas_get_corename")?,
                )
            };
            let hold = Hold::Threads(set, get);
            Some(super::openblas(
                hold,
                parallel(),
                &text(configuration()),
                text(core()),
            ))
        }

        /// BLIS. Signatures: its `bli_thread.h`, `bli_info.h` and `bli_arch.h`.
        pub(super) fn blis() -> Option<Backend> {
            // SAFETY: the types are those of BLIS's headers.
            let (set, get, version, openmp, core, core_name) = unsafe {
                (
                    symbol::<extern "C" fn(isize)>(c"bli_thread_set_num_threads")?,
                    symbol::<Dimension>(c"bli_thread_get_num_threads")?,
                    symbol::<Text>(c"bli_info_get_version_str")?,
                    symbol::<Dimension>(c"bli_info_get_enable_openmp")?,
                    symbol::<Integer>(c"bli_arch_query_id")?,
                    symbol::<extern "C" fn(c_int) -> *const c_char>(c"bli_arch_string")?,
                )
            };
            let threading = if openmp() != 0 {
                Threading::OpenMp
            } else {
                Threading::Pthreads
            };
            let hold = Hold::Dimensions(set, get);
            Some(other(
                "BLIS",
                &text(version()),
                &text(core_name(core())),
                threading,
                hold,
            ))
        }

        /// Intel's MKL. Signatures: its `mkl_service.h`.
        pub(super) fn mkl() -> Option<Backend> {
            // SAFETY: the types are those of MKL's header.
            let (set, get) = unsafe {
                (
                    symbol::<extern "C" fn(c_int)>(c"MKL_Set_Num_Threads")?,
                    symbol::<Integer>(c"MKL_Get_Max_Threads")?,
                )
            };
            let (core, hold) = (std::env::consts::ARCH, Hold::Threads(set, get));
            Some(other(
                "Intel MKL",
                "of unknown version",
                core,
                Threading::OpenMp,
                hold,
            ))
        }

        /// Apple's Accelerate, from macOS 15 on. Signature: its `thread_api.h`.
        pub(super) fn accelerate() -> Option<Backend> {
            // SAFETY: the type is that of Accelerate's header.
            let set = unsafe { symbol::<extern "C" fn(u32) -> c_int>(c"BLASSetThreading")? };
            let (core, hold) = (std::env::consts::ARCH, Hold::Model(set));
            Some(other(
                "Accelerate",
                "of this system",
                core,
                Threading::Pthreads,
                hold,
            ))
        }
    }
}
