//! The session of one driver's app, as a door holds it: commands in, notices out.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use dispatch::{
    Availability, Deed, DriverAsk, DriverId, DriverInput, Notice, OfferId, Ping, SessionId, ShardId, Timestamp, TripId,
    Vehicle,
};
use geo::{Meters, Point};
use persistence::DriverRow;

use crate::handle::{City, CityError};
use crate::letters::{Attach, Letter, Line};
use crate::notices;
use crate::told::{Cursor, News, Told};

/// One connection of one driver. Dropping it tells the city that the driver hung up.
#[derive(Debug)]
pub struct DriverSession {
    city: City,
    driver: DriverId,
    session: SessionId,
    /// Where positions and commands go; `None` before the driver went on line for the first time.
    home: Option<ShardId>,
    notices: notices::Receiver,
    /// Held only until the driver has a home; from then on its actor holds the other end, and letting go of it ends
    /// the session.
    _until_home: Option<notices::Sender>,
    /// The latest that was handed out.
    told: Option<Cursor>,
    /// Whether the app said that it goes.
    farewell: bool,
}

impl DriverSession {
    pub(crate) async fn open(city: City, driver: DriverId, resume: Option<Cursor>) -> Result<DriverSession, CityError> {
        let row = city.store_open_session(driver.clone()).await?;
        let (line, notices) = notices::channel(city.settings().notices_max);
        let session = row.session;
        let homeless = row.home.is_none();
        if homeless {
            let availability = Availability::Offline;
            let notice =
                Notice::Standing { ask: None, availability, trip: None, last_trip: false, homeward_until: None };
            // Nothing was ever told to who has no home yet.
            let resumed = resume.map(|_| News::Resumed { complete: false, again: 0 });
            for news in resumed.into_iter().chain([News::Notice(notice)]) {
                // A channel that was made a moment ago has room.
                let _ = line.try_send(Box::new(Told { cursor: None, news }));
            }
        }
        let mut opened = DriverSession {
            city,
            driver,
            session,
            home: None,
            notices,
            _until_home: Some(line),
            told: None,
            farewell: false,
        };
        opened.city.metrics().sessions.inc();
        if !homeless {
            opened.attach(row, resume).await?;
        }
        Ok(opened)
    }

    /// The number of this connection among all of this driver's.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.session
    }

    /// Whose it is.
    #[must_use]
    pub fn driver(&self) -> &DriverId {
        &self.driver
    }

    /// The next thing to tell the app; `None` when the city has dropped this session (its shard was lost, or the app
    /// was too slow): close the socket and let the app come again. May be dropped and called anew without loss.
    pub async fn next(&mut self) -> Option<Told> {
        poll_fn(|context| self.poll_next(context)).await.map(|told| *told)
    }

    /// As [`DriverSession::next`], for whoever waits for several things at once: costs next to nothing while there is nothing
    /// to tell.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Box<Told>>> {
        loop {
            let told = ready!(self.notices.poll_recv(context));
            if let Some(Told { news: News::Notice(Notice::Home { home }), .. }) = told.as_deref() {
                self.home = Some(*home);
                continue;
            }
            self.told = told.as_ref().and_then(|told| told.cursor).or(self.told);
            return Poll::Ready(told);
        }
    }

    /// The app has everything up to here: none of it is said again. A cursor of another count is of no account.
    pub fn confirm(&mut self, heard: Cursor) {
        if let Some(number) = self.told.and_then(|told| heard.within(told)) {
            self.notices.confirm(number);
        }
    }

    /// The app says that it goes. A session that ends without this is a line that broke: an open offer waits a moment for
    /// the next one.
    pub fn farewell(&mut self) {
        self.farewell = true;
    }

    /// Takes a position in; the latest wins. `false` when the driver has no home yet: go on line first.
    pub fn ping(
        &mut self,
        point: Point,
        measured_at: Timestamp,
        heading: Option<f64>,
        accuracy: Option<Meters>,
    ) -> bool {
        let Some(home) = self.home else { return false };
        let ping = Ping { driver: self.driver.clone(), point, measured_at, heading, accuracy };
        self.city.pings().put(self.notices.desk(), home, ping);
        true
    }

    /// Counts positions that were given up for a newer one before they were read.
    pub fn passed_over(&self, positions: u32) {
        if positions > 0 {
            self.city.pings().passed_over(positions);
        }
    }

    /// The driver wants work, here and with this vehicle, and if he is on the way home only what leads there. The answer is a [`Notice::Standing`] with this number.
    ///
    /// # Errors
    /// [`CityError`] when the city cannot take the driver in now.
    pub async fn online(
        &mut self,
        point: Point,
        vehicle: Vehicle,
        homeward: Option<Point>,
        number: Option<u64>,
    ) -> Result<(), CityError> {
        let here = ShardId::of(point, self.city.shard_resolution());
        if self.home != Some(here) {
            if self.home.is_some() {
                // The old home must not go on offering a driver who moves under it.
                self.tell(DriverInput::Disconnected { session: self.session }).await?;
            }
            let row = self.city.store_settle(self.driver.clone(), here).await?;
            self.attach(DriverRow { session: self.session, ..row }, None).await?;
        }
        // Not over the fast road: it could get there before the shard knows the driver.
        let measured_at = self.city.clock().now();
        let last = Some(Ping { driver: self.driver.clone(), point, measured_at, heading: None, accuracy: None });
        self.tell(DriverInput::GoOnline { ask: self.ask(number), last, vehicle, homeward }).await
    }

    /// The driver wants only rides that lead to this place, or any again. The answer is a [`Notice::Standing`] with this
    /// number, or [`Notice::Refused`].
    ///
    /// # Errors
    /// [`CityError`] when the command cannot be passed on now.
    pub async fn go_home(&mut self, homeward: Option<Point>, number: Option<u64>) -> Result<(), CityError> {
        self.tell(DriverInput::GoHome { ask: self.ask(number), homeward }).await
    }

    /// The driver wants no more work. The answer is a [`Notice::Standing`] with this number.
    ///
    /// # Errors
    /// [`CityError`] when the command cannot be passed on now.
    pub async fn offline(&mut self, on_break: bool, number: Option<u64>) -> Result<(), CityError> {
        self.tell(DriverInput::GoOffline { ask: self.ask(number), on_break }).await
    }

    /// The driver answers an offer. A "yes" is answered by [`Notice::Trip`] once it is durable, a "no" by
    /// [`Notice::Declined`], either by [`Notice::Refused`] when the offer is gone.
    ///
    /// # Errors
    /// [`CityError`] when the command cannot be passed on now.
    pub async fn answer(&mut self, offer: OfferId, yes: bool, number: Option<u64>) -> Result<(), CityError> {
        self.tell(DriverInput::Answer { offer, yes, ask: self.ask(number) }).await
    }

    /// The driver reports a step of a trip. The answer is [`Notice::Trip`] once it is durable, or
    /// [`Notice::Refused`].
    ///
    /// # Errors
    /// [`CityError`] when the command cannot be passed on now.
    pub async fn does(&mut self, trip: TripId, deed: Deed, number: Option<u64>) -> Result<(), CityError> {
        self.tell(DriverInput::Does { trip, deed, ask: self.ask(number) }).await
    }

    fn ask(&self, number: Option<u64>) -> DriverAsk {
        DriverAsk { session: self.session, number }
    }

    async fn attach(&mut self, row: DriverRow, resume: Option<Cursor>) -> Result<(), CityError> {
        let Some(home) = row.home else { return Err(CityError::come_back()) };
        // Also of what was confirmed: numbers of the old home's count say nothing of the new one's.
        let (line, notices) = notices::channel(self.city.settings().notices_max);
        let line = Line { session: self.session, notices: line, resume };
        let shard = self.city.shard(home).await?;
        shard.send(Attach { row: Box::new(row), line }).await.map_err(|_| CityError::come_back())?;
        (self.home, self.notices, self._until_home) = (Some(home), notices, None);
        Ok(())
    }

    async fn tell(&mut self, input: DriverInput) -> Result<(), CityError> {
        let Some(home) = self.home else {
            return Err(CityError::Refused(dispatch::Refusal::NotOnline));
        };
        let letter = Letter::Driver { to: self.driver.clone(), input };
        self.city.write_to(home, letter).await
    }
}

impl Drop for DriverSession {
    fn drop(&mut self) {
        self.city.metrics().sessions.dec();
        if let Some(home) = self.home {
            let session = self.session;
            let input = match self.farewell {
                true => DriverInput::Disconnected { session },
                false => DriverInput::LineLost { session },
            };
            self.city.hang_up(home, Letter::Driver { to: self.driver.clone(), input });
        }
    }
}
