//! The choice among the instruction sets: the only match on a level that the integer products have.

/// Evaluates an expression with `$Kernel` standing for the kernel of a level. A macro, because a function cannot take an expression
/// that is generic over a type.
macro_rules! with_kernel {
    ($level:expr, $Kernel:ident => $expression:expr) => {
        match $level.set() {
            $crate::kernels::level::Set::Portable => {
                type $Kernel = $crate::kernels::integer::portable::Portable;
                $expression
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::level::Set::Avx2 => {
                type $Kernel = $crate::kernels::integer::avx2::Avx2;
                $expression
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::level::Set::Avx512 => {
                type $Kernel = $crate::kernels::integer::avx512::Avx512;
                $expression
            }
        }
    };
}
pub(super) use with_kernel;
