//! Consentry as a whole: the real broker, command line and door, between real clients and real servers.
#![cfg(test)]

mod activation;
mod activity;
mod answering;
mod bad_client;
mod choices;
mod client_crash;
mod client_news;
mod client_projects;
mod client_secrets;
mod client_shown;
mod clients;
mod crash;
mod difference;
mod doors;
mod files;
mod forged_rows;
mod forgery;
mod grants;
mod handshake;
mod hostile_text;
mod keyboard;
mod keyboard_pages;
mod keychain;
mod late;
mod leftovers;
mod lying_server;
mod now;
mod parties;
mod presets;
mod questions;
mod real_parts;
mod traffic;
mod tray;
mod trust;
mod withheld;
