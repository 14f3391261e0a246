//! Cognate.
#![no_std]
