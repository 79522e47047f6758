//! Keeps OpenBLAS from starting threads where the system allows few or little address space. Its constructor, which runs before
//! `main`, starts one for each core, though gingham needs none of them: where the system refuses one, OpenBLAS ends the process by
//! a signal, and where address space is limited each of them asks for its buffer for ever, and the end of the program waits for
//! it. `OPENBLAS_NUM_THREADS=1` keeps it from that, but the C library takes the environment as the kernel gave it, so the program
//! is started anew with it, before any constructor. Of the program alone: a library must not start who links it anew.

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
